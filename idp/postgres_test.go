package idp_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(suite{m}) }

// onPostgres names the database in which a run of the whole suite keeps its worlds.
const onPostgres = "LATCHKEY_IDP_TEST_POSTGRES"

// once skips a test that has PostgreSQLs of its own in the run where every test has.
func once(t *testing.T) {
	t.Helper()
	if os.Getenv(onPostgres) != "" {
		t.Skip("the other run does it")
	}
}

func sharedPostgres(t *testing.T) *pgtest.Server {
	t.Helper()
	once(t)
	return pgtest.Shared(t)
}

// databases are those of this run that no world uses now.
var databases struct {
	sync.Mutex
	free []string
}

// emptied empties a database, which has no tables when the world that it was for has kept
// everything elsewhere.
const emptied = `DO $$ BEGIN
	IF to_regclass('latchkey_provider.tenants') IS NOT NULL THEN
		TRUNCATE latchkey_provider.tenants, latchkey_provider.signing_keys, latchkey_provider.keys, latchkey_provider.webhooks, latchkey_provider.hash_classes, latchkey_provider.used_tickets,
			latchkey_provider.failures CASCADE;
	END IF;
END $$`

// emptyPostgres returns an empty database for one world, and "" in the run on SQLite.
func emptyPostgres(t testing.TB) idp.PostgresURL {
	first := os.Getenv(onPostgres)
	if first == "" {
		return ""
	}
	databases.Lock()
	defer databases.Unlock()
	var name string
	if n := len(databases.free); n > 0 {
		name, databases.free = databases.free[n-1], databases.free[:n-1]
		execute(t, within(first, name), emptied)
	} else {
		name = "world" + strings.ToLower(rand.Text())
		execute(t, first, "CREATE DATABASE "+name)
	}
	t.Cleanup(func() {
		databases.Lock()
		defer databases.Unlock()
		databases.free = append(databases.free, name)
	})
	return idp.PostgresURL(within(first, name))
}

// within is the URL of another database on the same server.
func within(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(err) // it comes from pgtest
	}
	u.Path = "/" + database
	return u.String()
}

func execute(t testing.TB, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
