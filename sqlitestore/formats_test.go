package sqlitestore_test

import (
	"database/sql"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/formattest"
)

var makeDump = flag.String("formats.make", "", "the version of the formats, as this program has them, of which to write a dump")

// TestFormats_served: the sessions in a database of any version are served to the browsers that
// have their cookies.
func TestFormats_served(t *testing.T) {
	for _, version := range []string{"v1", "v2", "v2bound"} {
		t.Run(version, func(t *testing.T) {
			dump, err := os.ReadFile("testdata/" + version + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "sessions.db")
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(string(dump)); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			formattest.Load(t, "../testdata/formats/"+version).Serve(t, open(t, path))
		})
	}
}

// TestFormats_make writes a dump: go test -run TestFormats_make ./sqlitestore -formats.make v2.
func TestFormats_make(t *testing.T) {
	if *makeDump == "" {
		t.Skip("dumps are made once")
	}
	path := filepath.Join(t.TempDir(), "sessions.db")
	s := open(t, path)
	formattest.Load(t, "../testdata/formats/"+*makeDump).Fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	dump, err := exec.Command("sqlite3", path, ".dump").Output()
	if err != nil {
		t.Fatal(err)
	}
	kind, err := exec.Command("sqlite3", path, "SELECT 'PRAGMA application_id=' || application_id || ';' FROM pragma_application_id").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/"+*makeDump+".sql", append(kind, dump...), 0o644); err != nil {
		t.Fatal(err)
	}
}
