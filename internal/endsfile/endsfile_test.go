package endsfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func anyTombstone([]byte) error { return nil }

// A list is there for the next process, and the file goes when nothing is left.
func TestFile_survives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ends.json")
	f, ends, err := Open(path, "store", anyTombstone)
	if err != nil || len(ends) != 0 {
		t.Fatal(ends, err)
	}
	if f.Behind(0, 1) || !f.Behind(1, 1) {
		t.Error("an empty list needs no file, another does")
	}
	if err := f.Save([]End{{Tombstone: []byte("one"), Revoke: []string{"r1"}}}, 2); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(nil, 1); err != nil || f.Behind(1, 2) {
		t.Error("an older list has replaced the newer one", err)
	}
	next, ends, err := Open(path, "store", anyTombstone)
	if err != nil || len(ends) != 1 || string(ends[0].Tombstone) != "one" || ends[0].Revoke[0] != "r1" {
		t.Fatal(ends, err)
	}
	if err := next.Save(nil, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file is still there", err)
	}
	if err := f.Save(ends, 4); err != nil {
		t.Error(err)
	}
	if err := next.Save(nil, 5); err == nil {
		t.Error("one process removes the ends of another")
	}
}

func TestFile_isSavedAtMostOnceASecond(t *testing.T) {
	var f File
	now := time.Unix(1_790_000_000, 0)
	if !f.Due(now) || f.Due(now.Add(SaveEvery-1)) || !f.Due(now.Add(SaveEvery)) {
		t.Error("due at other times")
	}
}

// FuzzParse: what is taken is written again as it was.
func FuzzParse(f *testing.F) {
	whole, err := format("store", []End{{Tombstone: []byte("a record"), Revoke: []string{"<r1>", "r2"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte(`"version":1`), []byte(`"version":2`), 1))
	f.Add([]byte(`{"version":1,"app":"store","sha256":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b","ends":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ends, err := parse(text, "store", anyTombstone)
		if err != nil {
			return
		}
		again, err := format("store", ends)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(again, "store", anyTombstone); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
