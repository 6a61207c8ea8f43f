package database_test

import (
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

func open(t *testing.T) database.DB {
	t.Helper()
	db, err := database.OpenSQLite(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestChanged(t *testing.T) {
	db := open(t)
	failed := errors.New("failed")
	err := db.Write(t.Context(), func(tx *sql.Tx) error {
		if err := database.Changed(tx.Exec(`UPDATE webhooks SET url = ''`)); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("no row: %v", err)
		}
		if err := database.Changed(tx.Exec(`INSERT INTO used_tickets (digest, until) VALUES ($1, 1)`, []byte("a"))); err != nil {
			t.Errorf("a row: %v", err)
		}
		if err := database.Changed(nil, failed); !errors.Is(err, failed) {
			t.Errorf("an error: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestErrors_noRow(t *testing.T) {
	err := open(t).QueryRowContext(t.Context(), `SELECT url FROM webhooks`).Scan(new(string))
	if !errors.Is(database.NotFoundIfNone(err), database.ErrNotFound) || database.IgnoreNoRows(err) != nil {
		t.Errorf("%v", err)
	}
	if database.IgnoreNotFound(database.NotFoundIfNone(err)) != nil {
		t.Error("ErrNotFound is not ignored")
	}
	other := errors.New("other")
	for _, handle := range []func(error) error{database.NotFoundIfNone, database.IgnoreNoRows, database.IgnoreNotFound} {
		if got := handle(other); !errors.Is(got, other) {
			t.Errorf("another error became %v", got)
		}
	}
}

func TestStrings(t *testing.T) {
	all, err := database.Strings(t.Context(), open(t), `SELECT 'b' UNION SELECT 'a' ORDER BY 1`)
	if err != nil || !slices.Equal(all, []string{"a", "b"}) {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := database.Strings(t.Context(), open(t), `SELECT nothing`); err == nil {
		t.Error("a wrong statement is no error")
	}
}

func TestMillis(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	for _, want := range []time.Time{at, {}} {
		if got := database.FromMillis(database.Millis(want)); !got.Equal(want) {
			t.Errorf("%v became %v", want, got)
		}
	}
}
