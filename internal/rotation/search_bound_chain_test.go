package rotation

import (
	"fmt"
	"testing"
	"time"
)

// TestSearchProofs (S10): malware that signs all that it can, and is gone one day, leaves no bound
// cookie that ends later than 2L after its last signature. None ever ends later than L and a minute
// from now.
func TestSearchProofs(t *testing.T) {
	for _, life := range []time.Duration{3 * time.Minute, 5 * time.Minute, 12 * time.Minute} {
		if f := longestChain(life, guardsBoundRules.proofEnd); f != (fault{}) {
			t.Errorf("L = %v: %s", life, f.what)
		}
	}
}

// chainStep is how often the malware acts.
const chainStep = 30 * time.Second

// longestChain plays that malware, for each moment at which it may be gone. To have more challenges
// and proofs is never worse for it, so it takes all at any time, and there is nothing to choose.
func longestChain(life time.Duration, proofEnd func(l *Limits, challenge time.Time) (time.Time, bool)) fault {
	l := &Limits{ProofLife: life}
	// proofEnd judges at searchNow, so the challenges move past it
	ends := func(challenge, now time.Time) (time.Time, bool) {
		end, ok := proofEnd(l, challenge.Add(searchNow.Sub(now)))
		return end.Add(now.Sub(searchNow)), ok
	}
	for gone := time.Duration(0); gone <= 2*life; gone += chainStep {
		last, signed := epoch.Add(gone), map[time.Time]bool{}
		for now := epoch; now.Before(last.Add(4 * life)); now = now.Add(chainStep) {
			challenges := []time.Time{now} // 403
			for more := true; more; {
				more = false
				for _, c := range challenges {
					if !now.After(last) && !signed[c] {
						signed[c], more = true, true
					}
				}
				for c := range signed {
					end, ok := ends(c, now)
					switch {
					case ok && end.After(now.Add(life+ProofSkew)):
						return fault{"S10", fmt.Sprintf("a bound cookie ends in %v", end.Sub(now))}
					case ok && end.After(last.Add(2*life)):
						return fault{"S10", fmt.Sprintf("a bound cookie ends %v after the last signature", end.Sub(last))}
					case ok:
						challenges = append(challenges, NextChallenge(end))
					}
				}
			}
		}
	}
	return fault{}
}
