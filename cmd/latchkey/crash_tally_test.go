package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// tally is what the test reports. Counts that no browser can see come from the log.
type tally struct {
	began                              time.Time
	kills, killsAtStart                atomic.Int64
	requests, replays, logins, logouts atomic.Int64
	unavailable, broken, lost, late    atomic.Int64
	slowestStart, slowestAnswer        longest
}

// answered counts an answer, or its absence, after a time.
func (t *tally) answered(took time.Duration) {
	t.slowestAnswer.atLeast(took)
	if took > crashWindow {
		t.late.Add(1)
	}
}

// longest is the longest of many durations.
type longest struct{ atomic.Int64 }

func (l *longest) atLeast(d time.Duration) {
	for was := l.Load(); int64(d) > was; was = l.Load() {
		if l.CompareAndSwap(was, int64(d)) {
			return
		}
	}
}

// report prints what happened, and fails if the log has something that only a thief or a lost store
// can cause.
func (c *crash) report() {
	c.Helper()
	log, err := os.ReadFile(c.log.Name())
	if err != nil {
		c.Fatal(err)
	}
	events := func(kind string) int { return bytes.Count(log, []byte(" msg="+kind+" ")) }
	for _, kind := range []string{"theft", "stale", "rebuilt"} {
		if n := events(kind); n > 0 {
			c.Errorf("%d times %s in the log", n, kind)
		}
	}
	if ends := events("ended") - bytes.Count(log, []byte(" reason=logout")); ends != 0 {
		c.Errorf("%d sessions ended that nobody has ended", ends)
	}
	t := &c.tally
	c.Logf("%d kills, %d more before ready; %v", t.kills.Load(), t.killsAtStart.Load(), time.Since(t.began).Round(time.Millisecond))
	c.Logf("%d requests, %d connections broken, %d answers lost, %d times 503", t.requests.Load(), t.broken.Load(), t.lost.Load(), t.unavailable.Load())
	c.Logf("%d refreshes, %d logins, %d logouts, %d replays refused", events("refreshed"), t.logins.Load(), t.logouts.Load(), t.replays.Load())
	c.Logf("slowest start %v; slowest answer %v; %d took longer than the window of %v", time.Duration(t.slowestStart.Load()).Round(time.Millisecond),
		time.Duration(t.slowestAnswer.Load()).Round(time.Millisecond), t.late.Load(), crashWindow)
}

// checkDatabases has SQLite check the integrity of its files.
func (c *crash) checkDatabases() {
	c.Helper()
	for _, name := range []string{"idp.db", "sessions.db", "store.db", "forums.db"} {
		db, err := sql.Open("sqlite", filepath.Join(c.data(), name))
		if err != nil {
			c.Fatal(err)
		}
		for _, check := range []string{`SELECT group_concat(integrity_check) FROM pragma_integrity_check`, `SELECT CASE count(*) WHEN 0 THEN 'ok' ELSE count(*) || ' lost references' END FROM pragma_foreign_key_check`} {
			var verdict string
			if err := db.QueryRowContext(c.Context(), check).Scan(&verdict); err != nil || verdict != "ok" {
				c.Errorf("%s: %v %s", name, err, verdict)
			}
		}
		db.Close()
	}
}
