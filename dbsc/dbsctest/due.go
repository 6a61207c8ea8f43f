package dbsctest

import (
	"context"
	"net/url"
)

// A task is something that a browser does beside the page.
type task func(context.Context)

// later runs a task in the background, or keeps it for RunDue.
func (b *Browser) later(t task) {
	if b.Background != nil {
		b.Background(func() { t(context.Background()) })
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.due = append(b.due, t)
}

// Due returns the number of registrations and refreshes that wait for [Browser.RunDue].
func (b *Browser) Due() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.due)
}

// RunDue runs the registrations and refreshes that wait, one after another.
func (b *Browser) RunDue(ctx context.Context) {
	b.mu.Lock()
	due := b.due
	b.due = nil
	b.mu.Unlock()
	for _, t := range due {
		t(ctx)
	}
}

// refreshLater refreshes a session in the background, once, if it then still needs that.
func (b *Browser) refreshLater(s *session, u *url.URL) {
	b.mu.Lock()
	busy := s.queued || s.flight != nil
	if !busy {
		s.queued = true
	}
	b.mu.Unlock()
	if busy {
		return
	}
	b.later(func(ctx context.Context) {
		b.mu.Lock()
		s.queued = false
		b.mu.Unlock()
		if b.find(s.ID) == s && b.left(s, u) < ahead {
			b.Refresh(ctx, s.ID)
		}
	})
}
