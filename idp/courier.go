package idp

import (
	"context"
	"database/sql"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// A courier sends what webhooks are to hear. Webhooks do not wait for each other; the events of one go out one after another, in their order.
type courier struct {
	http   *http.Client
	raised atomic.Int64  // counts the events that transactions have written down, kept or not
	news   chan struct{} // of size 1: there may be something to send
	late   sync.WaitGroup
	few    atomic.Int64 // of late
	cancel context.CancelFunc
	ended  chan struct{}
}

const (
	maxCouriers   = 8           // webhooks at once
	courierRound  = time.Second // to look for what another process (a node, a command line) or a crash has left
	courierRest   = time.Hour   // where there is no webhook: whoever makes one, or raises its first event, says so
	courierPause  = time.Minute // where the database does not answer
	courierBreath = 10 * time.Millisecond
)

func (c *courier) start(s *Server, transport http.RoundTripper) {
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	c.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.news, c.ended = make(chan struct{}, 1), make(chan struct{})
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	go s.carry(ctx)
}

// stop ends what is under way. What was not answered is sent again at the next start.
func (c *courier) stop() {
	c.late.Wait()
	if c.cancel == nil { // Config.LeaveEvents
		return
	}
	c.cancel()
	<-c.ended
	c.http.CloseIdleConnections()
}

func (c *courier) wake() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// attentive is a database that wakes the courier after a transaction that has raised something.
type attentive struct {
	database.DB
	courier *courier
}

func (a attentive) Write(ctx context.Context, run func(*sql.Tx) error) error {
	before := a.courier.raised.Load()
	err := a.DB.Write(ctx, run)
	if a.courier.raised.Load() != before { // it may have been another's: then there is nothing to find
		a.courier.wake()
	}
	return err
}

// carry looks for what is due until the Server closes.
func (s *Server) carry(ctx context.Context) {
	defer close(s.courier.ended)
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
		case <-s.courier.news:
		case <-timer.C:
		}
		var due []string
		next := courierPause
		err := crash.Contain(func() (err error) { due, next, err = s.due(ctx); return err })
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "webhooks: what is due cannot be read: it is tried again in a minute", "error", err)
		}
		for _, id := range due {
			if !busy[id] && len(busy) < maxCouriers {
				busy[id] = true
				go func() {
					s.deliverContained(ctx, id)
					done <- id
				}()
			}
		}
		timer.Reset(next)
	}
}

// deliverContained delivers. What crashes has the webhook wait, as a database that does not answer.
func (s *Server) deliverContained(ctx context.Context, webhookID string) {
	err := crash.Contain(func() error { s.deliver(ctx, webhookID); return nil })
	if err != nil {
		s.log.ErrorContext(ctx, "webhook: a delivery has crashed: it is tried again in a minute", "webhook", webhookID, "error", err)
		rest(ctx, courierPause)
	}
}

// due returns the webhooks for which something is to be sent now, those that wait for longest first, and how long until the next will be.
func (s *Server) due(ctx context.Context) (ids []string, next time.Duration, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT w.id, w.next_instant, w.claimed_until FROM webhooks w JOIN deliveries d ON d.webhook_id = w.id
		GROUP BY w.id, w.next_instant, w.claimed_until ORDER BY min(d.seq)`)
	if err != nil {
		return nil, courierPause, err
	}
	defer rows.Close()
	next = courierRound
	now := database.Millis(s.now())
	for rows.Next() {
		var id string
		var at, claimed int64
		if err := rows.Scan(&id, &at, &claimed); err != nil {
			return nil, courierPause, err
		}
		if at = max(at, claimed); at <= now {
			ids = append(ids, id)
			continue
		}
		next = min(next, max(time.Duration(at-now)*time.Millisecond, courierBreath))
	}
	if err := rows.Err(); err != nil {
		return nil, courierPause, err
	}
	if len(ids) > 0 || next < courierRound {
		return ids, next, nil
	}
	rows.Close()
	var any bool
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhooks)`).Scan(&any); err != nil {
		return nil, courierPause, err
	}
	if !any {
		next = courierRest
	}
	return nil, next, nil
}
