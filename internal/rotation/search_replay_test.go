package rotation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSearchReplays plays the histories that changed the rules. Each must end as it says, and must
// not do so under the mutation that it names.
func TestSearchReplays(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no histories")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if told, err := replay(string(text), guardsRules); err != nil {
				t.Errorf("%v:\n%s", err, told)
			}
			bent := false
			for _, m := range mutations {
				if strings.Contains(string(text), "\nmutation "+m.name+"\n") {
					bent = true
					told, err := replay(string(text), m.bend(guardsRules))
					if !errors.Is(err, errOtherwise) {
						t.Errorf("%s: %v, want another end:\n%s", m.name, err, told)
					}
				}
			}
			if !bent {
				t.Error("names no mutation")
			}
		})
	}
}

var errOtherwise = errors.New("it ended otherwise")

// replay plays a history. Its lines are
//
//	wait TICKS
//	send, arrive, answer or lose MESSAGE
//	steal
//	thief COOKIES, or thief newest
//	alongside MESSAGE COOKIES: the thief shares the flight of a request of the browser
//	expect served, or expect ended: the outcome of the last request, as the last line
//
// The file names its messages as it likes. Cookies have the names that a teller gives them.
func replay(text string, r rules) (told string, err error) {
	p := &player{slots: make(map[string]uint8)}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" || words[0] == "mutation" {
			continue
		}
		if words[0] == "limits" {
			s := scope{wire: 3, leg: 100, travel: 100, thief: true, joined: true}
			if _, err := fmt.Sscanf(line, "limits F=%d W=%d idle=%d cap=%d", &s.settling, &s.window, &s.idle, &s.cap); err != nil {
				return "", err
			}
			p.teller = newTeller(newModel(s, r))
			continue
		}
		if err := p.play(words); err != nil {
			return p.teller.String(), fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	return p.teller.String(), nil
}

type player struct {
	*teller
	slots map[string]uint8
	last  event
}

func (p *player) play(words []string) error {
	verb, object := words[0], ""
	if len(words) > 1 {
		object = words[1]
	}
	slot := p.slots[object]
	switch verb {
	case "wait":
		n, err := strconv.Atoi(object)
		for range n {
			p.take(step{verb: wait})
		}
		return err
	case "send":
		free, _ := p.world.freeMessage(p.m.wire)
		p.slots[object] = uint8(free)
		p.take(step{verb: send})
	case "arrive":
		p.last = p.take(step{verb: arrive, slot: slot})
	case "lose":
		p.take(step{verb: lose, slot: slot})
	case "answer":
		if p.world.wire[slot].kind != noMessage { // a response without cookies is not followed
			p.take(step{verb: receive, slot: slot})
		}
	case "steal":
		p.take(step{verb: steal, cookies: p.world.browser})
	case "thief":
		c, err := p.thiefs(object)
		p.last = p.take(step{verb: use, cookies: jar{c, c, c, WhetherStale}})
		return err
	case "alongside":
		c, err := p.thiefs(words[2])
		p.last = p.take(step{verb: useAlong, slot: slot, cookies: jar{session: c, refresh: c}})
		return err
	case "expect":
		if ended := p.last.reason == "reuse_detected"; ended != (object == "ended") || p.last.served != (object == "served") {
			return errOtherwise
		}
	default:
		return errors.New("not a word of a history")
	}
	return nil
}

// thiefs finds the thief's cookies of that name.
func (p *player) thiefs(name string) (cookie, error) {
	newest := noCookie
	for c := oldCookie; c < lostBranch; c++ {
		if p.world.thiefsRefresh.has(c) && (p.names[c] == name || name == "newest" && (newest == noCookie || p.names[c] > p.names[newest])) {
			newest = c
		}
	}
	if newest == noCookie {
		return noCookie, fmt.Errorf("the thief has no %s", name)
	}
	return newest, nil
}
