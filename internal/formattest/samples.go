// Package formattest keeps the stored formats readable: it has samples of every version that was
// ever written, and a guard that serves the sessions in them.
//
// The samples are in testdata/formats, a directory for each version, and beside the stores as dumps
// of their databases. They are never regenerated: a change of the format adds samples.
package formattest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Samples are what a program left behind at one moment: the sessions of one app, the cookies of
// their browsers, and the app's keys.
type Samples struct {
	Origin string
	App    string
	Keys   string // as in a key file
	Now    time.Time

	Records map[string][]byte           // in their stored form, by the name of the session
	Fields  map[string]*latchkey.Record // what is in them
	Cookies map[string]Cookies          // by the name of the session
	Devices map[string]Device           `json:",omitempty"` // by the name of the session
	Ends    string                      // an ends file
}

// The sessions in the samples.
const (
	Live    = "live"    // refreshed once, and used since
	Claimed = "claimed" // expired, with the claim of a node that died while refreshing the session
	Ended   = "ended"   // logged out; its refresh token is not revoked yet
	Cut     = "cut"     // began before all sessions of the app were ended
	Cutoff  = "cutoff"  // the not-before record, which is no session

	Bound      = "bound"      // to a key of its browser
	Registered = "registered" // its browser has registered a key, and not proven it yet
)

// Load reads the samples of one version from its directory.
func Load(t testing.TB, dir string) *Samples {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Samples{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Save writes the samples into a directory.
func (s *Samples) Save(t testing.TB, dir string) {
	t.Helper()
	text, err := json.MarshalIndent(s, "", "\t")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "samples.json"), append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Record returns the record of a session.
func (s *Samples) Record(t testing.TB, name string) *latchkey.Record {
	t.Helper()
	rec := &latchkey.Record{}
	if err := rec.UnmarshalBinary(s.Records[name]); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rec
}

// Check compares the records that were read with what was written.
func (s *Samples) Check(t *testing.T) {
	for name := range s.Records {
		text, err := json.Marshal(s.Record(t, name))
		if err != nil {
			t.Fatal(err)
		}
		got := &latchkey.Record{}
		if err := json.Unmarshal(text, got); err != nil {
			t.Fatal(err)
		}
		want := s.Fields[name]
		if want.AuthenticatedAt.IsZero() && want.EndedAt.IsZero() { // version 1 did not have it
			want.AuthenticatedAt = want.CreatedAt
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// Fill puts all records into a store.
func (s *Samples) Fill(t testing.TB, store latchkey.Store) {
	t.Helper()
	for name := range s.Records {
		if err := store.Create(t.Context(), s.Record(t, name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}
