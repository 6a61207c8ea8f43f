package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A scenario is everything that a seed decides. It does not depend on what happens in it, so an
// event can be left out and the others stay.
type scenario struct {
	profile string
	seed    uint64          // of the latencies of store and provider as well
	skews   []time.Duration // of the clock of each node; their number is the number of nodes
	late    bool            // answers may come later than the window
	cached  bool            // the nodes keep records in memory
	binds   bool            // the browser binds its sessions
	loses   float64         // with binds: the share of its posts that are lost, and of the answers
	times   times
	events  []event
}

// times are those of the guards' Config, and the lifetime of the provider's JWTs; zero is the
// default.
type times struct {
	idle, cap, refreshTTL, absolute, window, ahead, jwt time.Duration
}

// An event happens once, at a time that no other event has.
type event struct {
	at   time.Duration // from the start
	verb string
	how  string        // the verb's object; see verbs
	node int           // which answers, or which fails
	up   time.Duration // how long the request is in flight
	down time.Duration // how long the response is
	lost string        // "request" or "answer"
	span time.Duration // how long a fault lasts, or how much is lost
}

// verbs are the words of a trace, with their attributes.
var verbs = map[string][]string{
	"get":      {""},                                  // a tab sends a request; if nobody is logged in, it logs in
	"logout":   {""},                                  //
	"kill":     {"", "keyless"},                       // the browser dies, and comes back with the cookies that had reached the disk before span, and the keys, or none
	"store":    {"down", "slow"},                      // for all nodes
	"provider": {"down", "lost", "slow"},              // lost: it does what it is asked, and its response is lost
	"stream":   {"silent", "broken"},                  // by which the store notifies a node of writes
	"rollback": {""},                                  // the store loses the writes of the last span
	"restart":  {"clean", "crash"},                    // of a node
	"steal":    {"jar", "pair", "session", "refresh"}, // the thief copies cookies of the browser; the bound cookie with the jar
	"thief": {"newest", "first", "before", "oldest", // the thief uses some of them, or posts to the routes for keys
		"register", "sign", "replay"},
}

// String writes the scenario down, one event a line.
func (s scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "profile %s\nseed %d\n", s.profile, s.seed)
	fmt.Fprintf(&b, "times %v %v %v %v %v %v %v\n", s.times.idle, s.times.cap, s.times.refreshTTL, s.times.absolute, s.times.window, s.times.ahead, s.times.jwt)
	b.WriteString("nodes")
	for _, skew := range s.skews {
		fmt.Fprintf(&b, " %v", skew)
	}
	if s.late {
		b.WriteString("\nlate")
	}
	if s.cached {
		b.WriteString("\ncached")
	}
	if s.binds {
		fmt.Fprintf(&b, "\nbinds %v", s.loses)
	}
	b.WriteString("\n\n")
	for _, e := range s.events {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

func (e event) String() string {
	words := []string{e.at.String(), e.verb}
	add := func(name string, value any, there bool) {
		if there {
			words = append(words, fmt.Sprintf("%s=%v", name, value))
		}
	}
	add("how", e.how, e.how != "")
	add("node", e.node, e.node != 0)
	add("up", e.up, e.up != 0)
	add("down", e.down, e.down != 0)
	add("lost", e.lost, e.lost != "")
	add("span", e.span, e.span != 0)
	return strings.Join(words, " ")
}

// parseScenario reads what String writes. Lines that begin with # are remarks.
func parseScenario(text string) (s scenario, err error) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if err := s.parseLine(words); err != nil {
			return s, fmt.Errorf("%q: %w", strings.TrimSpace(line), err)
		}
	}
	if len(s.skews) == 0 {
		return s, fmt.Errorf("no nodes")
	}
	return s, nil
}

func (s *scenario) parseLine(words []string) (err error) {
	rest := strings.Join(words[1:], " ")
	switch words[0] {
	case "profile":
		s.profile = rest
	case "seed":
		_, err = fmt.Sscan(rest, &s.seed)
	case "late":
		s.late = true
	case "cached":
		s.cached = true
	case "binds":
		s.binds = true
		_, err = fmt.Sscan(rest, &s.loses)
	case "nodes":
		s.skews, err = durations(words[1:])
	case "times":
		var d []time.Duration
		if d, err = durations(words[1:]); err == nil && len(d) != 7 {
			err = fmt.Errorf("want seven times")
		}
		if err == nil {
			s.times = times{d[0], d[1], d[2], d[3], d[4], d[5], d[6]}
		}
	default:
		var e event
		e, err = parseEvent(words)
		s.events = append(s.events, e)
	}
	return err
}

func durations(words []string) ([]time.Duration, error) {
	var all []time.Duration
	for _, w := range words {
		d, err := time.ParseDuration(w)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

func parseEvent(words []string) (e event, err error) {
	if len(words) < 2 {
		return e, fmt.Errorf("want a time and a verb")
	}
	if e.at, err = time.ParseDuration(words[0]); err != nil {
		return e, err
	}
	e.verb = words[1]
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "how":
			e.how = value
		case "lost":
			e.lost = value
		case "node":
			_, err = fmt.Sscan(value, &e.node)
		case "up":
			e.up, err = time.ParseDuration(value)
		case "down":
			e.down, err = time.ParseDuration(value)
		case "span":
			e.span, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("unknown word")
		}
		if err != nil {
			return e, fmt.Errorf("%s: %w", w, err)
		}
	}
	if !slices.Contains(verbs[e.verb], e.how) {
		return e, fmt.Errorf("no such verb, or not so")
	}
	return e, nil
}
