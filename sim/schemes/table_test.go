package schemes

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var (
	printTable = flag.Bool("schemes.table", false, "print the comparison as Markdown")
	runs       = flag.Int("schemes.runs", 10, "half-days of each weather, and thieves, for each scheme")
)

// A row is one case, with the result of each contender.
type row struct {
	name    string
	results []string
}

// TestSchemes plays every case with every scheme. Latchkey must keep every honest browser and lose
// every thief.
func TestSchemes(t *testing.T) {
	rows := slices.Concat(honestRows(t), thiefRows(t), rateRows(t, *runs))
	for _, f := range facts {
		if got := find(rows, f.row, f.who); got != f.want {
			t.Errorf("%s, %s: %q, want %q", f.row, f.who, got, f.want)
		}
	}
	if *printTable {
		fmt.Print(markdown(rows))
	}
}

func honestRows(t *testing.T) (rows []row) {
	for _, h := range honestCases {
		r := row{name: h.name}
		for _, c := range contenders() {
			result := h.run(t, c)
			if c.name == latchkeyName && result != kept {
				t.Errorf("%s: %s", h.name, result)
			}
			r.results = append(r.results, result)
		}
		rows = append(rows, r)
	}
	out := row{name: "logout while a refresh is under way"}
	for _, c := range contenders() {
		result := loggedOut(t, c)
		if c.name == latchkeyName && result != loggedOff {
			t.Errorf("%s: %s", out.name, result)
		}
		out.results = append(out.results, result)
	}
	return append(rows, out)
}

func thiefRows(t *testing.T) (rows []row) {
	for _, th := range thiefCases {
		r := row{name: th.name}
		for _, c := range contenders() {
			f := th.run(t, c)
			if c.name == latchkeyName && f.stays {
				t.Errorf("%s: %s", th.name, f)
			}
			r.results = append(r.results, f.String())
		}
		rows = append(rows, r)
	}
	return rows
}

func rateRows(t *testing.T, n int) (rows []row) {
	for _, w := range weathers {
		r := row{name: w.name}
		for _, c := range contenders() {
			out := w.signOuts(t, c, n)
			if c.name == latchkeyName && w.late == 0 && out > 0 {
				t.Errorf("%s: %d of %d", w.name, out, n)
			}
			r.results = append(r.results, fmt.Sprintf("%.0f", float64(out)*1000/float64(n)))
		}
		rows = append(rows, r)
	}
	r := row{name: "undetected thieves of 100"}
	for _, c := range contenders() {
		stay := undetected(t, c, n)
		if c.name == latchkeyName && stay > 0 {
			t.Errorf("%d of %d thieves stay", stay, n)
		}
		r.results = append(r.results, fmt.Sprintf("%.0f", float64(stay)*100/float64(n)))
	}
	return append(rows, r)
}

// find returns the result of a contender in a case, or "" if there is no such case or contender.
func find(rows []row, name, who string) string {
	r := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
	c := slices.IndexFunc(contenders(), func(c contender) bool { return c.name == who })
	if r < 0 || c < 0 {
		return ""
	}
	return rows[r].results[c]
}

func markdown(rows []row) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, c := range contenders() {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(contenders())) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", r.name, strings.Join(r.results, " | "))
	}
	return b.String()
}
