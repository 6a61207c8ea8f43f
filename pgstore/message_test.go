package pgstore

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/latchkey-dev/latchkey"
)

func TestMessages(t *testing.T) {
	for _, n := range []int{0, 1, 2, idsPerMessage, idsPerMessage + 1, 3 * idsPerMessage} {
		ids := make([]latchkey.ID, n)
		for i := range ids {
			rand.Read(ids[i][:])
		}
		var back []latchkey.ID
		for _, text := range messages(ids) {
			if len(text) > 7999 {
				t.Errorf("a message of %d bytes", len(text))
			}
			some, err := parseMessage(text)
			if err != nil {
				t.Error(err)
			}
			back = append(back, some...)
		}
		if !slices.Equal(back, ids) {
			t.Errorf("%d ids came back as %d", n, len(back))
		}
	}
}

// FuzzMessage: anyone who may connect to the database can send a message.
func FuzzMessage(f *testing.F) {
	for _, seed := range append(messages([]latchkey.ID{{1}, {2}}), "", "1", "b", "bABC7", "1AAAA", "2AAAAAAAAAAAAAAAAAAAAAA", "1\n", "1====") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := parseMessage(text)
		if err != nil && ids != nil || len(ids) > len(text) {
			t.Errorf("%q: %d ids and %v", text, len(ids), err)
		}
		var again []latchkey.ID
		for _, text := range messages(ids) {
			some, err := parseMessage(text)
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			again = append(again, some...)
		}
		if !slices.Equal(again, ids) {
			t.Errorf("%d ids came back as %d", len(ids), len(again))
		}
	})
}
