package steps

import (
	"context"

	"github.com/latchkey-dev/latchkey"
)

// An operation is one call of the store or of the provider.
type operation struct {
	on     string // "store" or "provider"
	name   string
	id     latchkey.ID // of the session; zero: no one in particular
	writes bool
	ends   bool // the record that is written has ended
}

// A front stands before the store and the provider of a guard. It performs the call with do, or
// does not, and what it returns is what the guard gets.
type front func(ctx context.Context, op operation, do func() error) error

// pass performs every call.
func pass(_ context.Context, _ operation, do func() error) error { return do() }

// frontedStore is a store behind a front.
type frontedStore struct {
	inner latchkey.Store
	front front
}

func (s *frontedStore) Create(ctx context.Context, rec *latchkey.Record) error {
	return s.front(ctx, operation{"store", "Create", rec.ID, true, !rec.EndedAt.IsZero()}, func() error { return s.inner.Create(ctx, rec) })
}

func (s *frontedStore) Get(ctx context.Context, id latchkey.ID) (*latchkey.Record, error) {
	if id == notBefore { // it says nothing of this session, and would double the orders
		return s.inner.Get(ctx, id)
	}
	return fronted(ctx, s.front, operation{on: "store", name: "Get", id: id}, func() (*latchkey.Record, error) { return s.inner.Get(ctx, id) })
}

func (s *frontedStore) Swap(ctx context.Context, next *latchkey.Record) error {
	return s.front(ctx, operation{"store", "Swap", next.ID, true, !next.EndedAt.IsZero()}, func() error { return s.inner.Swap(ctx, next) })
}

func (s *frontedStore) Touch(ctx context.Context, seen []latchkey.Seen) error {
	return s.front(ctx, operation{on: "store", name: "Touch", writes: true}, func() error { return s.inner.Touch(ctx, seen) })
}

func (s *frontedStore) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	return fronted(ctx, s.front, operation{on: "store", name: "ByUser"}, func() ([]*latchkey.Record, error) {
		return s.inner.ByUser(ctx, app, userID, limit)
	})
}

func (s *frontedStore) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	return fronted(ctx, s.front, operation{on: "store", name: "Unrevoked"}, func() ([]*latchkey.Record, error) {
		return s.inner.Unrevoked(ctx, app, after, limit)
	})
}

// frontedProvider is a provider behind a front.
type frontedProvider struct {
	inner latchkey.Provider
	front front
}

func (p *frontedProvider) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	return fronted(ctx, p.front, operation{on: "provider", name: "Login", writes: true}, func() (latchkey.Grant, error) { return p.inner.Login(ctx, c) })
}

func (p *frontedProvider) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	return fronted(ctx, p.front, operation{on: "provider", name: "Refresh", writes: true}, func() (latchkey.Grant, error) { return p.inner.Refresh(ctx, r) })
}

func (p *frontedProvider) Revoke(ctx context.Context, refreshTokenID string) error {
	return p.front(ctx, operation{on: "provider", name: "Revoke", writes: true}, func() error { return p.inner.Revoke(ctx, refreshTokenID) })
}

// fronted is for calls with a result. An error hides what was returned, as a lost answer does.
func fronted[T any](ctx context.Context, f front, op operation, call func() (T, error)) (T, error) {
	var result, none T
	err := f(ctx, op, func() (err error) {
		result, err = call()
		return err
	})
	if err != nil {
		return none, err
	}
	return result, nil
}
