package sim

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// TestSimulate plays -sim.runs seeds of each profile and reports.
func TestSimulate(t *testing.T) {
	if _, loots := (&scenario{binds: true}).kinds(); *copied != "" && !slices.Contains(loots, *copied) {
		t.Fatalf("-sim.loot %s: want jar, pair, session or refresh", *copied)
	}
	var totals []*total
	for _, p := range profiles {
		if *only != "" && *only != p.name {
			continue
		}
		sum := &total{profile: p, kinds: make(map[string]*kindTotal)}
		began := time.Now()
		t.Run(p.name, func(t *testing.T) {
			workers := runtime.GOMAXPROCS(0)
			for w := range workers {
				t.Run(fmt.Sprint("worker ", w), func(t *testing.T) {
					t.Parallel()
					for i := w; i < *runs; i += workers {
						s := p.draw(*seed + uint64(i))
						sum.add(s, checked(t, s))
					}
				})
			}
		})
		sum.wall = time.Since(began)
		totals = append(totals, sum)
	}
	if totals == nil {
		t.Fatalf("no profile %q", *only)
	}
	t.Log(table(totals))
}

// total is the result of all runs of a profile.
type total struct {
	profile profile
	wall    time.Duration

	mu          sync.Mutex
	runs        int
	simulated   time.Duration
	logins      int
	refreshes   int
	served      int
	unavailable int
	asked       int // honest browsers, for newer cookies
	signedOut   int // runs in which an honest browser was
	revived     int
	kinds       map[string]*kindTotal
	bound       boundTotal
}

// boundTotal is the result of the runs whose browsers bind their sessions.
type boundTotal struct {
	runs, logins, bound int // bound: sessions
	proofs, waits       int
	longest             time.Duration // that a request waited for a proof
	tooLate, keyless    int
	unbound, relapses   int
}

func (t *boundTotal) add(l *ledger) {
	t.runs++
	t.logins += len(l.sessions)
	for _, a := range l.sessions {
		if a.bindings > 0 && (!a.boundAt.IsZero() || a.unbound) {
			t.bound++
		}
		if a.unbound {
			t.unbound++
		}
	}
	t.proofs += l.proofs
	t.waits += l.waits
	t.longest = max(t.longest, l.longest)
	t.tooLate += l.tooLate
	t.keyless += l.keyless
	t.relapses += l.relapses
}

// kindTotal is the fate of the thieves of a kind.
type kindTotal struct {
	tried    int
	noticed  []time.Duration // from the theft to the end of the session, if it ended because of it
	lapsed   int             // the session did not end, but the thief was finally refused
	exposure []time.Duration // from the theft to the last time that the thief was served
}

func (t *total) add(s scenario, l *ledger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs++
	t.simulated += l.length
	t.logins += len(l.sessions)
	for _, a := range l.sessions {
		t.refreshes += a.asked
	}
	t.served += l.served
	t.unavailable += l.unavailable
	t.revived += l.revived
	t.asked += l.askedNewer
	if l.signedOut > 0 {
		t.signedOut++
	}
	if s.binds {
		t.bound.add(l)
	}
	if l.theft.at.IsZero() {
		return
	}
	thief, what := s.kind()
	name := thief.name + ", " + what
	if l.theft.bound {
		name += " of a bound session"
	}
	k := t.kinds[name]
	if k == nil {
		k = &kindTotal{}
		t.kinds[name] = k
	}
	k.tried++
	k.exposure = append(k.exposure, l.theft.lastServed.Sub(l.theft.at))
	switch {
	case l.theft.noticed > 0:
		k.noticed = append(k.noticed, l.theft.noticed)
	case l.theft.refused:
		k.lapsed++
	}
}

// table is for the reader of the test's output.
func table(totals []*total) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\nprofile\truns\tsimulated h\tlogins\trefreshes\tserved\t503\tasked for newer\truns with an honest sign-out\tat most (95 %%)\trevived by rollback\twall\tsimulated h/s\t\t\n")
	for _, t := range totals {
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%v\t%.0f\t%s\t\n", t.profile.name, t.runs, t.simulated.Hours(), t.logins, t.refreshes, t.served, t.unavailable, t.asked,
			t.signedOut, atMost(t.signedOut, t.runs), t.revived, t.wall.Round(100*time.Millisecond), t.simulated.Hours()/t.wall.Seconds(), t.profile.about)
	}
	w.Flush()
	fmt.Fprintf(w, "\nbrowsers that bind\truns\tlogins\tbound\tproofs\trequests that waited\tlongest\tlate for the grace\tlogins for a lost key\tbindings that the store lost\tthen served to a thief\t\n")
	for _, t := range totals {
		if b := t.bound; b.runs > 0 {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%v\t%d\t%d\t%d\t%d\t\n", t.profile.name, b.runs, b.logins, b.bound, b.proofs, b.waits, b.longest.Round(time.Millisecond),
				b.tooLate, b.keyless, b.unbound, b.relapses)
		}
	}
	w.Flush()
	fmt.Fprintf(w, "\nthief\ttried\tnoticed\tlapsed\tstill in\tnoticed after: median\tp99\tmax\tlast served after: median\tp99\tmax\t\n")
	for _, t := range totals {
		names := make([]string, 0, len(t.kinds))
		for name := range t.kinds {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			k := t.kinds[name]
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t\n", name, k.tried, len(k.noticed), k.lapsed, k.tried-len(k.noticed)-k.lapsed, spread(k.noticed), spread(k.exposure))
		}
	}
	w.Flush()
	return b.String()
}

// spread is median, 99th percentile and maximum.
func spread(all []time.Duration) string {
	if len(all) == 0 {
		return "–\t–\t–"
	}
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))].Round(time.Second) }
	return fmt.Sprintf("%v\t%v\t%v", at(0.5), at(0.99), at(1))
}

// atMost is the upper end of a 95 % interval for this many cases in this many runs: 3/n for none,
// else Wilson's.
func atMost(cases, n int) string {
	if n == 0 {
		return "–"
	}
	if cases == 0 {
		return fmt.Sprintf("%.3f %%", min(100, 300/float64(n)))
	}
	const z = 1.96
	p, m := float64(cases)/float64(n), float64(n)
	upper := (p + z*z/(2*m) + z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
	return fmt.Sprintf("%.3f %%", 100*upper)
}
