package bench

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// results is everything that was measured.
type results struct {
	began    time.Time
	subjects []*subject
	proxied  []*subject
	figures  []*figure
}

// A figure is measured in several rounds; the result is the median.
type figure struct {
	name, unit string
	samples    []float64
	target     *target // nil: none
}

type target struct {
	bound float64
	least bool
}

func atLeast(bound float64) *target {
	if bound == 0 {
		return nil
	}
	return &target{bound, true}
}

func atMost(bound float64) *target { return &target{bound, false} }

func (t *target) met(value float64) bool {
	return t.least && value >= t.bound || !t.least && value <= t.bound
}

func (t *target) text() string {
	sign := "≤"
	if t.least {
		sign = "≥"
	}
	return sign + " " + short(t.bound)
}

func (r *results) add(name string, value float64, unit string, t *target) {
	for _, f := range r.figures {
		if f.name == name {
			f.samples = append(f.samples, value)
			return
		}
	}
	r.figures = append(r.figures, &figure{name, unit, []float64{value}, t})
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// ratio is the median of the ratios to the bare subject.
func (s *subject) ratio() float64 {
	if s.bare == "" {
		return 1
	}
	return median(s.ratios)
}

func (s *subject) median(of func(sample) float64) float64 {
	var values []float64
	for _, sample := range s.samples {
		values = append(values, of(sample))
	}
	return median(values)
}

// text is the whole as Markdown.
func (r *results) text() string {
	var b strings.Builder
	for _, table := range []struct {
		title string
		list  []*subject
	}{{"An authenticated request over HTTP", r.subjects}, {"Through a proxy", r.proxied}} {
		fmt.Fprintf(&b, "\n## %s\n\n| | of bare | requests/s | processor µs each | target | |\n|---|---|---|---|---|---|\n", table.title)
		for _, s := range table.list {
			of, target := "", ""
			if s.bare != "" {
				of = fmt.Sprintf("%.2f", s.ratio())
			}
			if s.target > 0 {
				target = atLeast(s.target).text() + verdict(atLeast(s.target).met(s.ratio()))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", s.name, of, short(s.median(func(s sample) float64 { return s.perSecond })),
				short(s.median(func(s sample) float64 { return s.cpuMicros })), target, s.note)
		}
	}
	b.WriteString("\n## The rest\n\n| | median | of | target |\n|---|---|---|---|\n")
	for _, f := range r.figures {
		target := ""
		if f.target != nil {
			target = f.target.text() + verdict(f.target.met(median(f.samples)))
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s to %s | %s |\n", f.name, short(median(f.samples)), f.unit, short(slices.Min(f.samples)), short(slices.Max(f.samples)), target)
	}
	return b.String()
}

func verdict(met bool) string {
	if met {
		return ", met"
	}
	return ", **missed**"
}

// short formats a number with three significant digits.
func short(v float64) string {
	if v >= 1000 {
		scale := math.Pow(10, math.Floor(math.Log10(v))-2)
		return fmt.Sprintf("%.0f", math.Round(v/scale)*scale)
	}
	return fmt.Sprintf("%.3g", v)
}

func (r *results) writeFiles() error {
	text := fmt.Sprintf(header, r.began.Format("2006-01-02"), machine(), *rounds, *length) + r.text()
	if err := os.WriteFile("RESULTS.md", []byte(text), 0o666); err != nil {
		return err
	}
	return os.WriteFile("requests.svg", []byte(chart(r.subjects)), 0o666)
}

// machine describes the machine.
func machine() string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, after, found := bytes.Cut(info, []byte("model name\t: ")); found {
			line, _, _ := bytes.Cut(after, []byte("\n"))
			model = string(line)
		}
	}
	words := []string{fmt.Sprintf("%d cores of %s, %s/%s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH, runtime.Version())}
	for _, command := range [][]string{{"node", "--version"}, {"psql", "--version"}, {"redis-server", "--version"}} {
		if out, err := exec.Command(command[0], command[1:]...).Output(); err == nil {
			words = append(words, command[0]+": "+strings.TrimSpace(string(out)))
		}
	}
	return strings.Join(words, "; ")
}

const header = `# Results

Written by ` + "`make bench`" + ` on %s; do not edit.

- Machine: %s. The load, the subjects and their stores share its cores.
- Rounds: %d, of %v each; in each round every subject is loaded once, between two loads of the bare one. What is told is the median.

How to read it. **Of bare** is the ratio of requests a second to a handler of the same platform that only reads a cookie, loaded just before and just after; it is what counts, for the machine is
in both. *Processor µs* are those of the subject's own process, whatever the load generator takes. The peers are set up as their documents advise, with pools and a sliding expiry
([peers](peers), [peers_test.go](peers_test.go)). Sessions in a cookie alone cost little and cannot be ended; Latchkey's are ended everywhere at once (below).
The targets are those that the project set itself before it was built.

![Requests a second, as a part of what a bare handler of the same platform answers](requests.svg)
`
