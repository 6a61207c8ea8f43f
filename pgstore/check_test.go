package pgstore_test

import (
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// TestCheck: it says what Open would do or fail with, and changes nothing.
func TestCheck(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	for range 2 {
		if current, newest, err := pgstore.Check(t.Context(), url); err != nil || current != 0 || newest < 1 {
			t.Errorf("an empty database: %d of %d, %v", current, newest, err)
		}
	}
	if query[bool](t, url, `SELECT to_regnamespace('latchkey_sessions') IS NOT NULL`) {
		t.Error("it has made the schema")
	}
	store, err := pgstore.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if current, newest, err := pgstore.Check(t.Context(), url); err != nil || current != newest {
		t.Errorf("after Open: %d of %d, %v", current, newest, err)
	}
	query[int](t, url, `INSERT INTO latchkey_sessions.goose_db_version (version_id, is_applied) VALUES (9999, true) RETURNING id`)
	if _, _, err := pgstore.Check(t.Context(), url); err == nil || !strings.Contains(err.Error(), "schema 9999, but this program knows") {
		t.Errorf("of a newer program: %v", err)
	}
	if _, _, err := pgstore.Check(t.Context(), "postgres://u:p0ssw0rd@127.0.0.1:1/x"); err == nil || strings.Contains(err.Error(), "p0ssw0rd") {
		t.Errorf("nobody there: %v", err)
	}
}
