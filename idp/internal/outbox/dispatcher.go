package outbox

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Config is what a [Dispatcher] needs.
type Config struct {
	DB        database.DB
	Sign      func(ctx context.Context, payload []byte) (string, error) // returns a JWT
	Now       func() time.Time
	Log       *slog.Logger
	Transport http.RoundTripper // nil: one of its own
}

// A Dispatcher sends events to webhooks. Webhooks do not wait for each other; the events of one go
// out one after another, in order.
type Dispatcher struct {
	Config
	http *http.Client
	news chan struct{} // of size 1: there may be something to send
}

const (
	maxConcurrent = 8 // webhooks at once
	// finds what another process (a node, a command line) or a crash has left
	pollInterval = time.Second
	// without webhooks: creating one, or raising its first event, wakes the dispatcher
	idleInterval  = time.Hour
	errorInterval = time.Minute // if the database does not answer
	minInterval   = 10 * time.Millisecond
)

// NewDispatcher returns a Dispatcher that sends nothing until it runs.
func NewDispatcher(c Config) *Dispatcher {
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &Dispatcher{
		Config: c, news: make(chan struct{}, 1),
		http: &http.Client{
			Transport:     c.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Wake makes a running Dispatcher look for events now.
func (d *Dispatcher) Wake() {
	select {
	case d.news <- struct{}{}:
	default:
	}
}

// Run sends events until ctx is done, and then returns once the attempts under way have been
// canceled. Events that were not answered are sent again by the next Run.
func (d *Dispatcher) Run(ctx context.Context) {
	defer d.http.CloseIdleConnections()
	busy, done := make(map[string]bool), make(chan string)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			for ; len(busy) > 0; delete(busy, <-done) {
			}
			return
		case id := <-done:
			delete(busy, id)
		case <-d.news:
		case <-timer.C:
		}
		due, next := d.dueContained(ctx)
		for _, id := range due {
			if !busy[id] && len(busy) < maxConcurrent {
				busy[id] = true
				go func() {
					d.deliverContained(ctx, id)
					done <- id
				}()
			}
		}
		timer.Reset(next)
	}
}

func (d *Dispatcher) dueContained(ctx context.Context) (ids []string, next time.Duration) {
	err := crash.Contain(func() (err error) { ids, next, err = d.due(ctx); return err })
	if err != nil {
		if ctx.Err() == nil {
			d.Log.WarnContext(ctx, "webhooks: cannot read pending events: retrying in a minute", "error", err)
		}
		return nil, errorInterval
	}
	return ids, next
}

// deliverContained delivers. After a crash the webhook waits as it does for a database that does
// not answer.
func (d *Dispatcher) deliverContained(ctx context.Context, webhookID string) {
	err := crash.Contain(func() error { d.deliver(ctx, webhookID); return nil })
	if err != nil {
		d.Log.ErrorContext(ctx, "webhook: delivery crashed: retrying in a minute", "webhook", webhookID, "error", err)
		sleep(ctx, errorInterval)
	}
}

// due returns the webhooks that have something to send now, those that have waited longest
// first, and how long until the next will be due.
func (d *Dispatcher) due(ctx context.Context) (ids []string, next time.Duration, err error) {
	rows, err := d.DB.QueryContext(ctx, `SELECT w.id, w.next_instant, w.claimed_until FROM webhooks w JOIN deliveries d ON d.webhook_id = w.id
		GROUP BY w.id, w.next_instant, w.claimed_until ORDER BY min(d.seq)`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	next = pollInterval
	now := database.Millis(d.Now())
	for rows.Next() {
		var id string
		var at, claimed int64
		if err := rows.Scan(&id, &at, &claimed); err != nil {
			return nil, 0, err
		}
		if at = max(at, claimed); at <= now {
			ids = append(ids, id)
			continue
		}
		next = min(next, max(time.Duration(at-now)*time.Millisecond, minInterval))
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	if len(ids) > 0 || next < pollInterval {
		return ids, next, nil
	}
	rows.Close()
	next, err = d.idle(ctx)
	return nil, next, err
}

// idle returns how long until the next look if nothing is waiting.
func (d *Dispatcher) idle(ctx context.Context) (time.Duration, error) {
	var any bool
	if err := d.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhooks)`).Scan(&any); err != nil {
		return 0, err
	}
	if any {
		return pollInterval, nil
	}
	return idleInterval, nil
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
