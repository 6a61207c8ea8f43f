package bench

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

const loginsAtOnce = 16

// memory measures how much a process grows with each session that it has served.
func (r *results) memory(t *testing.T) {
	key := "KEY=" + latchkey.NewKey().Reveal()
	redis := redistest.Start(t)
	for _, s := range []struct{ name, store string }{
		{"memory", "memory:"},
		{"SQLite", "sqlite:" + filepath.Join(t.TempDir(), "sessions.db")},
		{"PostgreSQL", pgtest.Shared(t).Database(t)},
		{"Redis", redis.URL()},
	} {
		sessions := 500
		if *whole {
			sessions = 50_000
		}
		p := goSubject(t, "latchkey", "STORE="+s.store, key)
		p.serveMany(t, 0, sessions/10) // until everything of constant size is allocated
		before := p.resident(t)
		p.serveMany(t, sessions/10, sessions)
		r.add("memory of the process for each session that it serves, its user and JWT with it, "+s.name, float64(p.resident(t)-before)/float64(sessions*9/10)/1024, "KiB", nil)
		p.cmd.Process.Kill()
	}
}

// serveMany logs in and sends a request for each session.
func (p *process) serveMany(t *testing.T, from, to int) {
	var all sync.WaitGroup
	for worker := range loginsAtOnce {
		all.Go(func() {
			for i := from + worker; i < to; i += loginsAtOnce {
				err := p.begin(i)
				for tries := 0; err != nil && tries < 20; tries++ { // a store that pauses for a moment causes a 503
					time.Sleep(100 * time.Millisecond)
					err = p.begin(i)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func (p *process) begin(i int) error {
	cookie, err := p.logInAs("/api/login", fmt.Sprintf("ada.%d@example.com", i))
	if err != nil {
		return err
	}
	return p.ask(cookie)
}

func (p *process) ask(cookie string) error {
	r, err := http.NewRequest("GET", p.url+"/", nil)
	if err != nil {
		return err
	}
	r.Host = subjectHost
	r.Header.Set("Cookie", cookie)
	resp, err := browser.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %s", resp.Status)
	}
	return nil
}

// resident is how many bytes of the process are in memory.
func (p *process) resident(t *testing.T) int {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0 // not Linux: no figure
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
