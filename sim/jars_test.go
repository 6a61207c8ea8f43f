package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestJars_live shows what the profile jars is about, without accidents: the session is bound, and
// a copy of the jar is served as long as its bound cookie lives.
func TestJars_live(t *testing.T) {
	var text strings.Builder
	text.WriteString("nodes 0s\nbinds 0\n1s get up=10ms down=10ms\n30s get up=10ms down=10ms\n40s steal how=jar\n")
	for at := time.Minute; at < time.Hour; at += time.Minute {
		fmt.Fprintf(&text, "%v get up=10ms down=10ms\n%v thief how=newest up=10ms down=10ms\n", at, at+time.Second)
	}
	s, err := parseScenario(text.String())
	if err != nil {
		t.Fatal(err)
	}
	l := checked(t, s)
	if !l.theft.bound || l.proofs < 5 || l.keyless > 0 || l.served < 60 {
		t.Errorf("bound: %v, %d proofs, %d lost keys, %d requests served", l.theft.bound, l.proofs, l.keyless, l.served)
	}
	if served := l.theft.lastServed.Sub(l.theft.at); served < proofLife-time.Minute || served > proofLife+2*time.Minute {
		t.Errorf("the thief is served for %v", served)
	}
}
