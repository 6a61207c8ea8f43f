package pgstore_test

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey/internal/formattest"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

var makeDump = flag.String("formats.make", "", "the version of the formats, as this program has them, of which to write a dump")

// TestFormats_served: the sessions in a database of any version are served to the browsers that
// have their cookies.
func TestFormats_served(t *testing.T) {
	server := pgtest.Shared(t)
	for _, version := range []string{"v1", "v2", "v2bound"} {
		t.Run(version, func(t *testing.T) {
			dump, err := os.ReadFile("testdata/" + version + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			url := server.Database(t)
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), string(dump)); err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			formattest.Load(t, "../testdata/formats/"+version).Serve(t, open(t, url))
		})
	}
}

// TestFormats_make writes a dump: go test -run TestFormats_make ./pgstore -formats.make v2.
func TestFormats_make(t *testing.T) {
	if *makeDump == "" {
		t.Skip("dumps are made once")
	}
	url := pgtest.Shared(t).Database(t)
	formattest.Load(t, "../testdata/formats/"+*makeDump).Fill(t, open(t, url))
	dump, err := exec.Command("pg_dump", "--no-owner", "--no-privileges", "--column-inserts", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	var statements strings.Builder
	for line := range strings.Lines(string(dump)) {
		// commands of psql, and noise
		if !strings.HasPrefix(line, `\`) && !strings.HasPrefix(line, "--") && line != "\n" {
			statements.WriteString(line)
		}
	}
	if err := os.WriteFile("testdata/"+*makeDump+".sql", []byte(statements.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
