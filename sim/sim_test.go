package sim

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/race"
)

var (
	runs    = flag.Int("sim.runs", 1, "so many runs of each profile, and a table")
	seed    = flag.Uint64("sim.seed", 1, "the first of them")
	only    = flag.String("sim.profile", "", "this profile alone")
	ahead   = flag.Duration("sim.ahead", 0, "RefreshAhead of every profile")
	jwt     = flag.Duration("sim.jwt", 0, "the lifetime of the provider's JWTs in every profile; 0: an hour")
	binds   = flag.Float64("sim.bound", -1, "the share of browsers that bind their sessions, in every profile; -1: the profile's own")
	copied  = flag.String("sim.loot", "", "what thieves of bound sessions copy: jar, pair, session or refresh; empty: each in turn")
	verbose = flag.Bool("sim.tell", false, "tell the history of every run")
)

// TestMix plays some seeds of every profile.
func TestMix(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			n := uint64(10)
			if p.thief != nil {
				plans, loots := (&scenario{binds: p.binds > 0}).kinds()
				n = uint64(len(plans) * len(loots)) // each once
			}
			if race.Enabled {
				n = 1
			}
			for s := range n {
				checked(t, p.draw(1_000_000+s))
			}
		})
	}
}

// TestMix_bound plays profiles whose browsers do not bind their sessions as if they did.
func TestMix_bound(t *testing.T) {
	for _, p := range profiles {
		if p.binds > 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.binds = 1
			n := uint64(3)
			if race.Enabled {
				n = 1
			}
			for s := range n {
				checked(t, p.draw(3_000_000+s))
			}
		})
	}
}

// checked plays a scenario. If it violates an invariant, it is shortened and written down.
func checked(t *testing.T, s scenario) *ledger {
	t.Helper()
	l := play(t, s)
	if *verbose {
		t.Logf("%v\n%s", s, l.history())
	}
	if l.signedOut > 0 && len(l.violations) == 0 {
		t.Logf("seed %d of %s: an honest browser is signed out", s.seed, s.profile)
	}
	if len(l.violations) > 0 {
		short, told := shrink(t, s, l)
		file := filepath.Join("testdata", fmt.Sprintf("%s-%d.txt", s.profile, s.seed))
		text := fmt.Sprintf("# %s\n%v", told.violations[0], short)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Error(err)
		}
		t.Errorf("seed %d of %s: %s\nshortened in %s:\n%v\n%s", s.seed, s.profile, strings.Join(l.violations, "\n"), file, short, told.history())
	}
	return l
}

// TestSameSeed shows that the seed is the only source of randomness.
func TestSameSeed(t *testing.T) {
	if race.Enabled {
		t.Skip("make test plays this without the race detector, too")
	}
	for _, p := range profiles {
		for s := range uint64(3) {
			one, other := play(t, p.draw(s)), play(t, p.draw(s))
			if one.hash() != other.hash() {
				t.Errorf("seed %d of %s: two histories: %s", s, p.name, firstDifference(one.history(), other.history()))
			}
		}
	}
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("\n%s\n%s", as[i], bs[i])
		}
	}
	return "one is longer"
}

// TestScenarioText shows that what is written down is what was played.
func TestScenarioText(t *testing.T) {
	for _, p := range profiles {
		s := p.draw(7)
		again, err := parseScenario(s.String())
		if err != nil {
			t.Fatal(err)
		}
		if again.String() != s.String() {
			t.Errorf("%s: not the same", p.name)
		}
	}
	for _, text := range []string{"", "nodes x", "nodes 0s\n1s fly", "nodes 0s\n1s kill how=jar", "nodes 0s\nsoon get", "nodes 0s\n1s get up=far", "times 1s"} {
		if _, err := parseScenario(text); err == nil {
			t.Errorf("%q is taken for a scenario", text)
		}
	}
}

// TestTraces plays the kept scenarios, in which a rule is hard to keep.
func TestTraces(t *testing.T) {
	eachTrace(t, "testdata/*.txt", func(t *testing.T, l *ledger) {
		if len(l.violations) > 0 || l.signedOut > 0 {
			t.Errorf("%d sign-outs, %s\n%s", l.signedOut, strings.Join(l.violations, "\n"), l.history())
		}
	})
}

func eachTrace(t *testing.T, pattern string, check func(*testing.T, *ledger)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no traces", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseScenario(string(text))
			if err != nil {
				t.Fatal(err)
			}
			l := play(t, s)
			check(t, l)
			if *verbose {
				t.Log(l.history())
			}
		})
	}
}
