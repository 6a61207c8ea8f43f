package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// A serving is everything that latchkey serve runs, wired together. Close closes it in reverse
// order of opening.
type serving struct {
	closers
	file         *configfile.File // in force
	log          *slog.Logger
	port         string // where it listens
	ends         string // directory of tombstones that wait for the store; "": none are kept, for a dry run
	keys         latchkey.KeyRing
	strangers    strangers
	store        latchkey.Store
	embedded     *embeddedProvider // nil if the file names another
	certificates *certificates     // nil without TLS
	live         liveGateway
	events       providerEvents // in front of live
	health       *readiness
}

func openServing(ctx context.Context, file *configfile.File, log *slog.Logger, addr net.Addr) (s *serving, err error) {
	s = &serving{file: file, log: log, ends: file.Data}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if _, s.port, err = net.SplitHostPort(addr.String()); err != nil {
		return s, err
	}
	if err := tryOut(ctx, file, s.port); err != nil {
		return s, err
	}
	unlock, err := claimDirectory("data", file.Data)
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, closeFunc(unlock))
	if err := firstSessionKeys(file); err != nil {
		return s, err
	}
	store, closer, err := openStore(ctx, file)
	if err != nil {
		return s, err
	}
	s.store, s.closers = store, append(s.closers, closer)
	if s.keys, err = openSessionKeys(ctx, file, store); err != nil {
		return s, err
	}
	if file.Provider.URL == "" {
		if s.embedded, err = openEmbeddedProvider(ctx, file, log); err != nil {
			return s, err
		}
		s.closers = append(s.closers, s.embedded)
	}
	if file.TLS.On() {
		if s.certificates, err = openCertificates(file, addr, log); err != nil {
			return s, err
		}
		s.closers = append(s.closers, s.certificates)
	}
	g, err := s.newGateway(ctx, file)
	if err != nil {
		return s, err
	}
	receiver, err := s.newReceiver(file, g)
	if err != nil {
		return s, errors.Join(err, g.Close(ctx))
	}
	s.live.replace(g)
	s.events.next = &s.live
	s.hear(receiver)
	s.closers = append(s.closers, closeWithin(shutdownTime, s.live.close))
	if s.embedded != nil {
		if err := s.embedded.EnsureWebhook(ctx, ownWebhook(s.embedded.url)); err != nil {
			return s, err
		}
	}
	s.health = newReadiness(s)
	s.health.askAt(s.providerURL(file))
	s.health.expect(s.keys)
	return s, nil
}

// newGateway makes a gateway from the file.
func (s *serving) newGateway(ctx context.Context, file *configfile.File) (*gateway.Gateway, error) {
	if s.embedded != nil {
		if err := setUp(ctx, s.embedded.Server, file, s.port); err != nil {
			return nil, err
		}
	}
	return newGateway(file, s)
}

// reload replaces the gateway with that of a new file. The old gateway lives on until its last
// stream has ended. The session keys are reloaded too.
func (s *serving) reload(ctx context.Context, read func() (*configfile.File, error)) (err error) {
	file, err := read()
	if err != nil {
		return err
	}
	if err := restartNeeded(s.file, file); err != nil {
		return err
	}
	before := s.keys
	if s.keys, err = keysAgain(sessionKeys(file.Data), before); err != nil {
		s.keys = before
		return err
	}
	defer func() {
		if err != nil {
			s.keys = before
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := tryOut(ctx, file, s.port); err != nil {
		return err
	}
	g, err := s.newGateway(ctx, file)
	if err != nil {
		return err
	}
	receiver, err := s.newReceiver(file, g)
	if err != nil {
		return errors.Join(err, g.Close(ctx))
	}
	if s.certificates != nil {
		if err := s.certificates.use(file); err != nil {
			return errors.Join(err, g.Close(ctx))
		}
	}
	s.file = file
	s.live.replace(g)
	s.hear(receiver)
	s.health.askAt(s.providerURL(file))
	s.health.expect(s.keys)
	s.strangers.forget()
	return nil
}

// restartNeeded names settings that cannot change while the program runs.
func restartNeeded(old, new *configfile.File) error {
	var errs []error
	for _, c := range []struct {
		key     string
		changed bool
	}{
		{"listen", old.Listen != new.Listen}, {"redirect", old.Redirect != new.Redirect}, {"admin", old.Admin != new.Admin}, {"tls", !sameKind(old.TLS, new.TLS)}, {"data", old.Data != new.Data},
		{"store", old.Store != new.Store}, {"mail", old.Mail != new.Mail}, {"provider.issuer", old.Provider.URL == "" && old.Provider.Issuer != new.Provider.Issuer}, {"provider.breached_passwords", old.Provider.BreachedPasswords != new.Provider.BreachedPasswords}, {"provider", (old.Provider.URL == "") != (new.Provider.URL == "") || old.Provider.URL == "" && old.Provider.Listen != new.Provider.Listen},
	} {
		if c.changed {
			errs = append(errs, fmt.Errorf("%s: cannot change while the program runs: restart it", c.key))
		}
	}
	return errors.Join(errs...)
}

// sameKind allows certificate files to move: they are reloaded.
func sameKind(old, new configfile.TLS) bool {
	if old.CertFile != "" && new.CertFile != "" {
		return true
	}
	return old == new
}
