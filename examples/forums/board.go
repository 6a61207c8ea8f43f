package forums

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

const (
	shownThreads = 50 // the newest
	shownPosts   = 50 // the newest of each thread
)

// board keeps the threads and their posts.
type board struct {
	db  *sqlite.DB
	now func() time.Time
}

// A thread is what the browser sees. PostCount includes posts that are not shown.
type thread struct {
	ID        int64  `json:"id"`
	Title     string `json:"title"`
	PostCount int    `json:"postCount"`
	Posts     []post `json:"posts"` // the oldest first
}

type post struct {
	ID        int64     `json:"id"`
	Author    string    `json:"author"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
	Mine      bool      `json:"mine"` // written by the reader
}

// An entry is something to be written: author and text.
type entry struct {
	userID, author, body string
}

// newest returns the threads with the newest posts first, as the user sees them.
func (b *board) newest(ctx context.Context, userID string) ([]thread, error) {
	rows, err := b.db.QueryContext(ctx, `
		WITH shown AS (SELECT * FROM threads ORDER BY last_post_at DESC, id DESC LIMIT ?1),
		ranked AS (
			SELECT p.*, count(*) OVER (PARTITION BY thread_id) AS total,
				row_number() OVER (PARTITION BY thread_id ORDER BY p.id DESC) AS age
			FROM posts p WHERE thread_id IN (SELECT id FROM shown)
		)
		SELECT t.id, t.title, r.total, r.id, r.author, r.body, r.created_at, r.user_id = ?2
		FROM shown t JOIN ranked r ON r.thread_id = t.id AND r.age <= ?3
		ORDER BY t.last_post_at DESC, t.id DESC, r.id`, shownThreads, userID, shownPosts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	threads := []thread{}
	for rows.Next() {
		var t thread
		var p post
		var createdAt int64
		if err := rows.Scan(&t.ID, &t.Title, &t.PostCount, &p.ID, &p.Author, &p.Body, &createdAt, &p.Mine); err != nil {
			return nil, err
		}
		p.CreatedAt = time.UnixMilli(createdAt).UTC()
		if len(threads) == 0 || threads[len(threads)-1].ID != t.ID {
			threads = append(threads, t)
		}
		last := &threads[len(threads)-1]
		last.Posts = append(last.Posts, p)
	}
	return threads, rows.Err()
}

// start begins a thread with its first post, and returns the thread's id.
func (b *board) start(ctx context.Context, title string, e entry) (id int64, err error) {
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		id, err = insertThread(tx, title, e, b.now())
		return err
	})
	return id, err
}

func insertThread(tx *sql.Tx, title string, e entry, at time.Time) (int64, error) {
	done, err := tx.Exec(`INSERT INTO threads (title, last_post_at) VALUES (?, ?)`, title, at.UnixMilli())
	if err != nil {
		return 0, err
	}
	id, err := done.LastInsertId()
	if err != nil {
		return 0, err
	}
	return id, insertPost(tx, id, e, at)
}

// reply adds a post to a thread, and reports whether there is such a thread.
func (b *board) reply(ctx context.Context, threadID int64, e entry) (found bool, err error) {
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM threads WHERE id = ?)`, threadID).Scan(&found); err != nil || !found {
			return err
		}
		return insertPost(tx, threadID, e, b.now())
	})
	return found, err
}

func insertPost(tx *sql.Tx, threadID int64, e entry, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO posts (thread_id, user_id, author, body, created_at) VALUES (?, ?, ?, ?, ?)`,
		threadID, e.userID, e.author, e.body, at.UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE threads SET last_post_at = max(last_post_at, ?) WHERE id = ?`, at.UnixMilli(), threadID)
	return err
}
