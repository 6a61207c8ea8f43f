package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// Server is an identity provider. It is an http.Handler; the limits of the
// http.Server around it (timeouts, size of headers) are its owner's.
type Server struct {
	db          database.DB
	secrets     *secrets
	keys        *signing.Ring
	hasher      *password.Hasher
	issuer      string // of the configuration, or ""
	tenantID    string // of the default tenant, if the database has none yet
	passwordMin int
	breached    *password.Breached
	log         *slog.Logger
	clock       func() time.Time
	handler     http.Handler

	outbox        *outbox.Dispatcher
	issuers       issuers
	tokens        accessTokens
	refreshTokens refreshTokens
	tickets       tickets
	challenges    challenges
	codes         factorCodes
	passwords     passwordPolicy
	lockouts      lockouts
	costs         *hashCosts
	failedLogins  *failedLogins
	mails         *mailQueue

	background sync.WaitGroup // the dispatcher and the sweep, until cancel
	cancel     context.CancelFunc
}

var _ http.Handler = (*Server)(nil)

// Open opens the database that c names, creates what a new one needs (the schema, the default
// tenant and a signing key), and returns the Server. It fails if the database is damaged, not ours,
// from a newer version, or was created with another Secret, or if its server cannot be reached.
func Open(ctx context.Context, c Config) (*Server, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	hasher, err := password.NewHasher(c.Hash.params(), c.Hash.Workers, c.Hash.Queue)
	if err != nil {
		return nil, fmt.Errorf("idp: invalid configuration: %w", err)
	}
	secrets, err := deriveSecrets(c.Secret)
	if err != nil {
		return nil, fmt.Errorf("idp: derive keys: %w", err)
	}
	filter, err := password.OpenBreached(c.BreachedPasswords)
	if err != nil {
		return nil, fmt.Errorf("idp: Config.BreachedPasswords: %w", err)
	}
	db, err := c.openDatabase(ctx)
	if err != nil {
		filter.Close()
		return nil, fmt.Errorf("idp: open database %s: %w", c.databaseName(), err)
	}
	s := &Server{
		db: db, secrets: secrets, hasher: hasher, issuer: c.Issuer, passwordMin: c.PasswordMinLength, breached: filter,
		log: c.Logger, clock: c.Now, tenantID: c.DefaultTenantID,
	}
	if err := s.begin(ctx, c); err != nil {
		db.Close()
		filter.Close()
		return nil, fmt.Errorf("idp: open database %s: %w", c.databaseName(), err)
	}
	s.handler = s.routes()
	if !c.LeaveEvents {
		s.start()
	}
	return s, nil
}

func (s *Server) start() {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	s.background.Go(func() { s.outbox.Run(ctx) })
	s.background.Go(func() { s.sweepForever(ctx) })
}

// begin loads, or on the first start makes, what every database has.
func (s *Server) begin(ctx context.Context, c Config) (err error) {
	if err = s.ensureDefaultTenant(ctx, cmp.Or(c.Issuer, c.URL, unnamedIssuer)); err != nil {
		return err
	}
	if err = s.setIssuer(ctx); err != nil {
		return err
	}
	s.keys, err = signing.Open(ctx, signing.Config{
		DB: s.db, Seal: s.secrets.seal, Now: s.now, Log: s.log, Rotation: c.KeyRotation, TokenTTL: defaultAccessTokenTTL,
	})
	if err != nil {
		return err
	}
	s.outbox = outbox.NewDispatcher(outbox.Config{DB: s.db, Sign: s.signEvent, Now: s.now, Log: s.log, Transport: c.WebhookTransport})
	s.assemble(c)
	return s.costs.begin(ctx)
}

// assemble creates the parts of the provider, each of which knows only what it needs.
func (s *Server) assemble(c Config) {
	s.issuers = issuers{s.db, s.now}
	s.tokens = accessTokens{s.issuers, s.keys, s.now}
	s.refreshTokens = refreshTokens{s.db, s.outbox, s.secrets, s.log, s.now}
	s.tickets = tickets{s.db, s.secrets, s.now}
	s.challenges = challenges{s.db, s.now}
	s.codes = factorCodes{s.db, s.secrets, s.log, s.now}
	s.passwords = passwordPolicy{s.db, s.issuers, s.passwordMin, s.breached}
	s.lockouts = lockouts{s.db, s.now}
	s.costs = &hashCosts{db: s.db, hasher: s.hasher, log: s.log, now: s.now}
	s.failedLogins = &failedLogins{outbox: s.outbox, log: s.log}
	s.mails = &mailQueue{deliver: c.SendMail, log: s.log}
}

// signEvent signs by the provider's own key, which is published.
func (s *Server) signEvent(ctx context.Context, payload []byte) (string, error) {
	return s.keys.Sign(ctx, "", payload)
}

// Close waits for mails under way, gives up webhooks, whose events stay for the next start,
// completes the writes that were accepted, and closes the database. Requests must have ended
// before.
func (s *Server) Close() error {
	s.mails.running.Wait()
	s.failedLogins.writes.Wait()
	if s.cancel != nil { // not Config.LeaveEvents
		s.cancel()
		s.background.Wait()
	}
	return errors.Join(s.db.Close(), s.breached.Close())
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// now is the time in the precision that is stored and sent.
func (s *Server) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }
