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

// posts are what a browser at the forums wrote into its own thread. The texts are numbered; the first one began the thread.
type posts struct {
	thread   int64
	answered int   // texts that were answered with 201
	tries    []int // how often each was sent
}

func (c *crash) newWriter(name string) *browser {
	b := c.newBrowser("forums", name)
	b.posts = &posts{}
	b.visit = b.discuss
	return b
}

// discuss loads the threads, in several requests at once, and now and then writes a post meanwhile.
func (b *browser) discuss() {
	p := b.posts
	if p.thread == 0 {
		b.begin()
	}
	have := p.answered
	var page sync.WaitGroup
	if rand.IntN(4) == 0 {
		page.Go(func() { b.write(fmt.Sprintf("/api/threads/%d/posts", p.thread), `{"body":%q}`) })
	}
	page.Go(func() { b.ask("GET", "/api/user", "", http.StatusOK) })
	page.Go(func() { b.find(have) })
	page.Wait()
}

func (b *browser) begin() {
	a := b.write("/api/threads", `{"title":"Crash","body":%q}`)
	var said struct{ ID int64 }
	if err := json.Unmarshal(a.body, &said); err != nil {
		b.violated("%s: a new thread: %v: %s", b.name, err, a.body)
	}
	b.posts.thread = said.ID
}

func (b *browser) text(n int) string { return fmt.Sprintf("%s says %d", b.name, n) }

// write sends the next text until it is answered. It may be there several times then: nobody promised otherwise.
func (b *browser) write(path, form string) (a answer) {
	p, n := b.posts, b.posts.answered
	p.tries = append(p.tries, 0)
	for answered := false; !answered && !b.isOver(); {
		p.tries[n]++
		a, answered = b.try("POST", path, fmt.Sprintf(form, b.text(n)))
	}
	if a.status != http.StatusCreated {
		b.violated("%s: POST %s: got %d: %s", b.name, path, a.status, a.body)
	}
	p.answered++
	return a
}

// find loads the threads and looks for the newest text that was answered.
func (b *browser) find(answered int) {
	a := b.ask("GET", "/api/load-posts", "", http.StatusOK)
	var board struct {
		Threads []struct {
			ID        int64
			PostCount int
			Posts     []struct{ Body string }
		}
	}
	if err := json.Unmarshal(a.body, &board); err != nil {
		b.violated("%s: the threads: %v: %s", b.name, err, a.body)
	}
	for _, t := range board.Threads {
		if t.ID != b.posts.thread || t.PostCount < answered {
			continue
		}
		for _, p := range t.Posts {
			if p.Body == b.text(answered-1) {
				return
			}
		}
	}
	b.violated("%s: thread %d lacks post %d, which was answered", b.name, b.posts.thread, answered-1)
}

// checkPosts looks into the database, for the page shows the newest posts only: what was answered is there, and nothing more often than it was sent.
func (c *crash) checkPosts(browsers []*browser) {
	db, err := sql.Open("sqlite", filepath.Join(c.data(), "forums.db"))
	if err != nil {
		c.Fatal(err)
	}
	defer db.Close()
	for _, b := range browsers {
		if b.posts == nil {
			continue
		}
		for n, tries := range b.posts.tries {
			var found int
			if err := db.QueryRowContext(c.Context(), `SELECT count(*) FROM posts WHERE body = ?`, b.text(n)).Scan(&found); err != nil {
				c.Fatal(err)
			}
			if found < 1 || found > tries {
				c.Errorf("%q is there %d times, and was sent %d times", b.text(n), found, tries)
			}
		}
	}
}
