package nodes

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// A ledger is a store, and the number of session writes that the store itself has counted.
type ledger struct {
	open   open
	writes func(t *testing.T) int
}

var ledgers = map[string]func(t *testing.T) ledger{
	"sqlite": func(t *testing.T) ledger {
		path := filepath.Join(t.TempDir(), "sessions.db")
		store := openSQLite(t, path)
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
		must(t, err)
		t.Cleanup(func() { db.Close() })
		for _, statement := range []string{
			`CREATE TABLE ledger (n INTEGER)`,
			`CREATE TRIGGER ledger_insert AFTER INSERT ON sessions BEGIN INSERT INTO ledger VALUES (1); END`,
			`CREATE TRIGGER ledger_update AFTER UPDATE ON sessions BEGIN INSERT INTO ledger VALUES (1); END`,
		} {
			_, err := db.Exec(statement)
			must(t, err)
		}
		return ledger{func(*testing.T) watched { return store }, func(t *testing.T) (n int) {
			must(t, db.QueryRow(`SELECT count(*) FROM ledger`).Scan(&n))
			return n
		}}
	},
	"postgres": func(t *testing.T) ledger {
		url := pgtest.Shared(t).Database(t)
		first := openPostgres(t, url) // creates the table
		conn, err := pgx.Connect(t.Context(), url)
		must(t, err)
		t.Cleanup(func() { conn.Close(t.Context()) })
		var schema string
		must(t, conn.QueryRow(t.Context(), `SELECT schemaname FROM pg_tables WHERE tablename = 'sessions'`).Scan(&schema))
		_, err = conn.Exec(t.Context(), `CREATE TABLE public.ledger (n int);
			CREATE FUNCTION public.ledger() RETURNS trigger AS $$ BEGIN INSERT INTO public.ledger VALUES (1); RETURN NULL; END $$ LANGUAGE plpgsql;
			CREATE TRIGGER ledger AFTER INSERT OR UPDATE ON `+pgx.Identifier{schema}.Sanitize()+`.sessions FOR EACH ROW EXECUTE FUNCTION public.ledger()`)
		must(t, err)
		var opened atomic.Bool
		return ledger{func(t *testing.T) watched {
			if opened.CompareAndSwap(false, true) {
				return first
			}
			return openPostgres(t, url)
		}, func(t *testing.T) (n int) {
			must(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM public.ledger`).Scan(&n))
			return n
		}}
	},
	"redis": func(t *testing.T) ledger {
		server := redistest.Start(t)
		return ledger{func(t *testing.T) watched { return openRedis(t, server.URL()) }, func(t *testing.T) int {
			return sessionWrites(t, server)
		}}
	},
}

var calls = regexp.MustCompile(`cmdstat_(set|setrange):calls=(\d+)`)

// sessionWrites is how many sessions Redis has written: a new value is one SET, with another for
// the change marker, and a last use is written in place.
func sessionWrites(t *testing.T, server *redistest.Server) (n int) {
	for _, found := range calls.FindAllStringSubmatch(server.Command(t, "INFO", "commandstats"), -1) {
		count, err := strconv.Atoi(found[2])
		must(t, err)
		if found[1] == "set" {
			count /= 2
		}
		n += count
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWriteBudgetOfReads: sessions that are read all the time are written once in a tenth of the
// idle time, all of a node's together.
func TestWriteBudgetOfReads(t *testing.T) {
	for name, start := range ledgers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const idle, sessions = 12 * time.Second, 20
			l, d := start(t), deploy(t, latchkey.Config{IdleTimeout: idle})
			nodes := d.nodes(t, l.open, 2)
			b := d.newBrowser(t, "ada")
			var browsers []*browser
			for i := range sessions {
				own := b.copy()
				own.mustLogin(t, nodes[i%2])
				untilInMemory(t, own, nodes[i%2])
				browsers = append(browsers, own)
			}
			before, touches := l.writes(t), nodes[0].store.touches.Load()+nodes[1].store.touches.Load()
			reads := 0
			began := time.Now()
			for time.Since(began) < 3*idle/10 { // before anything is confirmed, which is a write of another kind
				for i, b := range browsers {
					if got := b.visit(t.Context(), nodes[i%2]); got.status != http.StatusOK {
						t.Fatalf("%+v", got)
					}
					reads++
				}
			}
			periods := int(time.Since(began)/(idle/10)) + 1
			writes := l.writes(t) - before
			batches := int(nodes[0].store.touches.Load() + nodes[1].store.touches.Load() - touches)
			t.Logf("%d reads of %d sessions in %d tenths of the idle time: %d writes in %d batches", reads, sessions, periods, writes, batches)
			if writes == 0 || writes > periods*sessions {
				t.Errorf("%d writes, want at most %d", writes, periods*sessions)
			}
			if batches > periods*len(nodes) {
				t.Errorf("%d batches, want at most %d", batches, periods*len(nodes))
			}
		})
	}
}

// TestWriteBudgetOfAGeneration: a login writes once; a generation is claimed, made, and confirmed
// and settled in one write.
func TestWriteBudgetOfAGeneration(t *testing.T) {
	for name, start := range ledgers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			l := start(t)
			d := deploy(t, latchkey.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
			n, b := d.node(t, l.open(t)), d.newBrowser(t, "ada")
			before := l.writes(t)
			expect := func(what string, want int) {
				t.Helper()
				if got := l.writes(t) - before; got != want {
					t.Errorf("%s: %d writes, want %d", what, got, want)
				}
				before = l.writes(t)
			}
			pass := func(d time.Duration) {
				ahead.Add(int64(d))
				for range 5 {
					if got := b.visit(t.Context(), n); got.status != http.StatusOK {
						t.Fatalf("%+v", got)
					}
				}
			}
			b.mustLogin(t, n)
			expect("login", 1)
			pass(2 * time.Minute)
			expect("confirmed and settled", 1)
			for range 3 {
				pass(61 * time.Minute)
				expect("claim and result", 2)
				pass(2 * time.Minute)
				expect("confirmed and settled", 1)
			}
		})
	}
}

// TestWriteBudgetOfABoundSession: a session is written once more for its key, once when the key is
// proven first, and never for a proof after that. Its generations need no confirmation.
func TestWriteBudgetOfABoundSession(t *testing.T) {
	for name, start := range ledgers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			l, d := start(t), deploy(t, latchkey.Config{Now: now})
			n, b := d.node(t, l.open(t)), d.newBrowser(t, "ada")
			keys := &dbsctest.Browser{Jar: b, Transport: toNode{}, Now: now}
			before := l.writes(t)
			expect := func(what string, want int) {
				t.Helper()
				if got := l.writes(t) - before; got != want {
					t.Errorf("%s: %d writes, want %d", what, got, want)
				}
				before = l.writes(t)
			}
			b.mustLoginAndRegister(t, n, keys)
			expect("login and key", 2)
			mustServe(t, n, keys)
			expect("first proof", 1)
			for range 3 {
				for range 5 {
					ahead.Add(int64(11 * time.Minute))
					mustServe(t, n, keys)
				}
				expect("an hour of proofs", 0)
				ahead.Add(int64(11 * time.Minute))
				mustServe(t, n, keys)
				expect("claim and result", 2)
			}
		})
	}
}

// TestIdleTimeAcrossNodes: a session that was used at one node is live at another for nine tenths
// of the idle time after that, and expired after eleven.
func TestIdleTimeAcrossNodes(t *testing.T) {
	for name, start := range ledgers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const idle = 6 * time.Second
			l, d := start(t), deploy(t, latchkey.Config{IdleTimeout: idle})
			nodes := d.nodes(t, l.open, 2)
			b := d.newBrowser(t, "ada")
			early, late := b.copy(), b.copy()
			var used time.Time
			for _, b := range []*browser{early, late} {
				b.mustLogin(t, nodes[0])
				delete(b.jar, "__Host-refresh") // which would bring it back
				untilInMemory(t, b, nodes[1])
			}
			time.Sleep(idle / 4)
			for _, b := range []*browser{early, late} {
				used = time.Now()
				if got := b.visit(t.Context(), nodes[0]); got.status != http.StatusOK {
					t.Fatalf("%+v", got)
				}
			}
			time.Sleep(time.Until(used.Add(idle * 88 / 100)))
			if got := early.visit(t.Context(), nodes[1]); got.status != http.StatusOK {
				t.Errorf("%v after the last use: %+v", time.Since(used), got)
			}
			time.Sleep(time.Until(used.Add(idle * 11 / 10)))
			if got := late.visit(t.Context(), nodes[1]); got.status != http.StatusUnauthorized {
				t.Errorf("%v after the last use: %+v", time.Since(used), got)
			}
		})
	}
}
