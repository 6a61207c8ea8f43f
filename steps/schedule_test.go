package steps

import (
	"fmt"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/race"
)

// A schedule says which of two actors takes the next move, and, as the third choice, that time
// passes first. The schedules are walked depth-first. Of those that differ only in the order of
// independent moves one is enough: an actor whose move was tried first sleeps in the branches
// beside it until something happens that its move depends on (Godefroid's sleep sets).
type schedule struct {
	prefix    []int // which of the open choices is taken, from the beginning
	taken     []int
	open      []int // how many choices there were
	sleeping  [2]bool
	redundant bool // everything from here on is known from another schedule
	trace     []string

	// the two may share a flight: then nothing that lies between their calls may change places on
	// one node
	flights bool
}

const passTime = 2

// fewSchedules are walked under the race detector.
const fewSchedules = 10

// schedules runs every schedule and returns their number.
func schedules(run func(*schedule)) (n int) {
	for prefix := []int{}; ; {
		s := &schedule{prefix: prefix}
		run(s)
		if !s.redundant {
			n++
		}
		last := len(s.taken) - 1
		for last >= 0 && s.taken[last]+1 == s.open[last] {
			last--
		}
		if last < 0 || race.Enabled && n == fewSchedules {
			return n
		}
		prefix = append(append([]int{}, s.taken[:last]...), s.taken[last]+1)
	}
}

// choose picks the next one: the index of an actor, or passTime.
func (s *schedule) choose(moves [2]*move, mayWait bool) int {
	var open []int
	for i, m := range moves {
		if m != nil && !s.sleeping[i] {
			open = append(open, i)
		}
	}
	if mayWait {
		open = append(open, passTime)
	}
	if s.redundant || len(open) == 0 {
		s.redundant = true
		for i, m := range moves {
			if m != nil {
				return i
			}
		}
	}
	n := 0
	if len(s.taken) < len(s.prefix) {
		n = s.prefix[len(s.taken)]
	}
	s.taken, s.open = append(s.taken, n), append(s.open, len(open))
	picked := open[n]
	if picked == passTime {
		s.sleeping = [2]bool{}
		s.trace = append(s.trace, "time")
		return passTime
	}
	for _, earlier := range open[:n] {
		s.sleeping[earlier] = true
	}
	for i, m := range moves {
		s.sleeping[i] = s.sleeping[i] && m != nil && m.independent(*moves[picked], s.flights)
	}
	s.note(picked, moves[picked])
	return picked
}

func (s *schedule) note(actor int, m *move) {
	if m.call != nil {
		s.trace = append(s.trace, fmt.Sprint("AB"[actor:actor+1], " ", m.call.name))
	}
}

// String lists the calls in their order.
func (s *schedule) String() string { return strings.Join(s.trace, ", ") }
