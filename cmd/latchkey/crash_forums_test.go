package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
)

// A writer has a thread of their own. Their texts are numbered; the first one began the thread.
type writer struct {
	*browser
	thread   int64
	answered int   // texts that were answered with 201
	tries    []int // how often each was sent
}

func (c *crash) newWriter(name string) *browser {
	w := &writer{browser: c.newBrowser("forums", name)}
	w.visit = w.discuss
	c.writers = append(c.writers, w)
	return w.browser
}

// discuss loads the threads, in several requests at once, and now and then writes a post meanwhile.
func (w *writer) discuss() {
	if w.thread == 0 {
		w.begin()
	}
	have := w.answered
	var page sync.WaitGroup
	if rand.IntN(4) == 0 {
		page.Go(func() { w.write(fmt.Sprintf("/api/threads/%d/posts", w.thread), `{"body":%q}`) })
	}
	page.Go(func() { w.ask("GET", "/api/user", "", http.StatusOK) })
	page.Go(func() { w.find(have) })
	page.Wait()
}

func (w *writer) begin() {
	a := w.write("/api/threads", `{"title":"Crash","body":%q}`)
	var said struct{ ID int64 }
	if err := json.Unmarshal(a.body, &said); err != nil {
		w.violated("%s: a new thread: %v: %s", w.name, err, a.body)
	}
	w.thread = said.ID
}

func (w *writer) text(n int) string { return fmt.Sprintf("%s says %d", w.name, n) }

// write sends the next text until it is answered. It may be stored several times then, which nobody
// promised to avoid.
func (w *writer) write(path, form string) (a answer) {
	n := w.answered
	w.tries = append(w.tries, 0)
	for answered := false; !answered && !w.isOver(); {
		w.tries[n]++
		a, answered = w.try("POST", path, fmt.Sprintf(form, w.text(n)))
	}
	if a.status != http.StatusCreated {
		w.violated("%s: POST %s: got %d: %s", w.name, path, a.status, a.body)
	}
	w.answered++
	return a
}

// find loads the threads and looks for the newest text that was answered.
func (w *writer) find(answered int) {
	a := w.ask("GET", "/api/load-posts", "", http.StatusOK)
	var board struct {
		Threads []struct {
			ID        int64
			PostCount int
			Posts     []struct{ Body string }
		}
	}
	if err := json.Unmarshal(a.body, &board); err != nil {
		w.violated("%s: the threads: %v: %s", w.name, err, a.body)
	}
	for _, t := range board.Threads {
		if t.ID != w.thread || t.PostCount < answered {
			continue
		}
		for _, p := range t.Posts {
			if p.Body == w.text(answered-1) {
				return
			}
		}
	}
	w.violated("%s: thread %d lacks post %d, which was answered", w.name, w.thread, answered-1)
}

// checkPosts reads the database, because the page shows the newest posts only: what was answered is
// there, and nothing more often than it was sent.
func (c *crash) checkPosts() {
	db, err := sql.Open("sqlite", filepath.Join(c.data(), "forums.db"))
	if err != nil {
		c.Fatal(err)
	}
	defer db.Close()
	for _, w := range c.writers {
		for n, tries := range w.tries {
			var found int
			if err := db.QueryRowContext(c.Context(), `SELECT count(*) FROM posts WHERE body = ?`, w.text(n)).Scan(&found); err != nil {
				c.Fatal(err)
			}
			if found < 1 || found > tries {
				c.Errorf("%q is there %d times, and was sent %d times", w.text(n), found, tries)
			}
		}
	}
}
