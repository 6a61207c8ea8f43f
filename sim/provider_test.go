package sim

import (
	"context"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// distant is the real provider, far away: every call takes time, and there are outages. In those
// that lose responses the provider does what it is asked, and nobody learns about it.
type distant struct {
	w *world
	latchkey.Provider

	mu    sync.Mutex
	until map[string]time.Time // of each kind of fault
}

func (d *distant) fail(how string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until[how] = until
}

func (d *distant) failing(how string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.until[how])
}

// reach is the way there.
func (d *distant) reach(ctx context.Context) error {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		wait := r.draw(5*time.Millisecond, 80*time.Millisecond)
		if d.failing("slow") {
			wait = r.draw(500*time.Millisecond, 8*time.Second)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
	if d.failing("down") {
		return errDown
	}
	return nil
}

// back is the way back.
func (d *distant) back(err error) error {
	if d.failing("lost") {
		return errDown
	}
	return err
}

// Login logs in.
func (d *distant) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	if err := d.reach(ctx); err != nil {
		return latchkey.Grant{}, err
	}
	grant, err := d.Provider.Login(ctx, c)
	return grant, d.back(err)
}

// Refresh refreshes, and is counted.
func (d *distant) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	d.w.ledger.asked(ctx)
	if err := d.reach(ctx); err != nil {
		return latchkey.Grant{}, err
	}
	grant, err := d.Provider.Refresh(ctx, r)
	return grant, d.back(err)
}

// Revoke revokes.
func (d *distant) Revoke(ctx context.Context, id string) error {
	if err := d.reach(ctx); err != nil {
		return err
	}
	return d.back(d.Provider.Revoke(ctx, id))
}
