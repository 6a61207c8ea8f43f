package forums

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

// seeds are the threads of a new board, so that the first visitor does not find it empty.
var seeds = [...]struct {
	title string
	posts []seedPost
}{
	{"Bread that forgives you", []seedPost{
		{30 * time.Hour, "Ines Moreau", "I keep forgetting mine in the fridge. Two days, three days. It has never once held a grudge: the crust only gets darker.\n\nWhat else in your kitchen gets better when you neglect it?"},
		{28 * time.Hour, "Tomasz Bielak", "Kimchi. And the bottom of the rice pot, if you are brave."},
		{26 * time.Hour, "Ruth Adeyemi", "Cast iron. Everybody says you must pamper it. I fry eggs and walk away."},
	}},
	{"Night trains: which ones are worth it?", []seedPost{
		{9 * time.Hour, "Jonas Lind", "I have four days in October and no wish to see an airport. Which night train would you take again?"},
		{7 * time.Hour, "Mei Tanaka", "The slow one along the coast. You wake up, lift the blind, and the sea is right there below the window. Bring your own coffee."},
	}},
	{"Show us your desk, as it is right now", []seedPost{
		{3 * time.Hour, "Ruth Adeyemi", "No tidying first. Mine: two mugs, a broken clock that I was going to mend in spring, eleven pencils, and a lemon."},
		{150 * time.Minute, "Ines Moreau", "Why the lemon?"},
		{140 * time.Minute, "Ruth Adeyemi", "We don't talk about the lemon."},
	}},
	{"What did you mend this week?", []seedPost{
		{50 * time.Minute, "Tomasz Bielak", "A zip, with a fork and some language that I won't repeat here. It runs again. What did you mend?"},
	}},
}

type seedPost struct {
	ago          time.Duration
	author, body string
}

// seed fills a board that has no threads yet.
func seed(ctx context.Context, db *sqlite.DB, now time.Time) error {
	return db.Write(ctx, func(tx *sql.Tx) error {
		var any bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM threads)`).Scan(&any); err != nil || any {
			return err
		}
		for _, s := range seeds {
			if err := plant(tx, s.title, s.posts, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func plant(tx *sql.Tx, title string, posts []seedPost, now time.Time) error {
	write := func(p seedPost) (entry, time.Time) { return entry{author: p.author, body: p.body}, now.Add(-p.ago) }
	first, at := write(posts[0])
	id, err := insertThread(tx, title, first, at)
	if err != nil {
		return err
	}
	for _, p := range posts[1:] {
		e, at := write(p)
		if err := insertPost(tx, id, e, at); err != nil {
			return err
		}
	}
	return nil
}
