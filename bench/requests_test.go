package bench

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// A subject is loaded in turn with the others.
type subject struct {
	name    string
	process *process
	path    string  // the path; "": /
	bare    string  // the subject that it is compared with
	target  float64 // of the ratio; 0: none
	note    string
	samples []sample
	ratios  []float64 // to bare
}

type sample struct {
	perSecond, cpuMicros float64
}

// requests measures an authenticated request over HTTP.
func (r *results) requests(t *testing.T) {
	key := "KEY=" + latchkey.NewKey().Reveal()
	pg := pgtest.Shared(t)
	redis := redistest.Start(t)
	subjects := []*subject{{name: "net/http, bare", process: goSubject(t, "bare")}}
	subjects[0].process.logIn(t, "/login")
	add := func(s *subject, login string) {
		if s.process.cookie == "" {
			s.process.logIn(t, login)
		}
		subjects = append(subjects, s)
	}
	const goBare, nodeBare = "net/http, bare", "Express, bare"
	for _, s := range []struct {
		name, store string
		target      float64
	}{{"Latchkey, memory", "memory:", 0.85}, {"Latchkey, SQLite", "sqlite:" + filepath.Join(t.TempDir(), "sessions.db"), 0.85}} {
		add(&subject{name: s.name, process: goSubject(t, "latchkey", "STORE="+s.store, key), bare: goBare, target: s.target}, "/api/login")
	}
	for name, store := range map[string]string{"Latchkey, PostgreSQL, two nodes": pg.Database(t), "Latchkey, Redis, two nodes": redis.URL()} {
		first, second := goSubject(t, "latchkey", "STORE="+store, key), goSubject(t, "latchkey", "STORE="+store, key)
		first.logIn(t, "/api/login")
		second.cookie = first.cookie
		add(&subject{name: name, process: second, bare: goBare, target: 0.80, note: "logged in at the other node"}, "")
	}
	if !*whole {
		r.subjects = r.inTurn(t, subjects)
		return
	}
	add(&subject{name: "alexedwards/scs, memory", process: goSubject(t, "scs"), bare: goBare}, "/login")
	add(&subject{name: "alexedwards/scs, Redis", process: goSubject(t, "scs", "REDIS_ADDR="+redis.Addr), bare: goBare}, "/login")
	add(&subject{name: "gorilla/sessions, cookie", process: goSubject(t, "gorilla"), bare: goBare, note: "no server side: cannot be ended"}, "/login")
	add(&subject{name: nodeBare, process: nodeSubject(t, "bare")}, "/login")
	add(&subject{name: "express-session, Redis", process: nodeSubject(t, "express-session", "REDIS_URL="+redis.URL()), bare: nodeBare}, "/login")
	add(&subject{name: "iron-session, cookie", process: nodeSubject(t, "iron-session"), bare: nodeBare, note: "no server side: cannot be ended"}, "/login")
	add(&subject{name: "Better Auth, PostgreSQL", process: nodeSubject(t, "better-auth", "POSTGRES_URL="+pg.Database(t)), bare: nodeBare}, "/login")
	add(&subject{name: "Better Auth, with its cookie cache", process: nodeSubject(t, "better-auth", "COOKIE_CACHE=1", "POSTGRES_URL="+pg.Database(t)), bare: nodeBare, note: "an end is noticed after 5 minutes"}, "/login")
	r.subjects = r.inTurn(t, subjects)
}

// proxies compares the gateway with a bare reverse proxy, with the same app behind.
func (r *results) proxies(t *testing.T) {
	upstream := goSubject(t, "upstream")
	target := "UPSTREAM=" + upstream.url
	bare := &subject{name: "httputil.ReverseProxy, bare", process: goSubject(t, "proxy", target), path: "/api/x"}
	bare.process.cookie = "session=0123456789abcdef"
	gateway := &subject{
		name: "the gateway, logged in", process: goSubject(t, "gateway", target, "KEY="+latchkey.NewKey().Reveal()),
		path: "/api/x", bare: bare.name, target: 0.85,
	}
	gateway.process.logIn(t, "/api/login")
	r.proxied = r.inTurn(t, []*subject{bare, gateway})
}

// inTurn loads the subjects in rounds, after a short load that is not counted. Each is loaded
// between two loads of what it is compared with, because the speed of a machine changes within
// seconds.
func (r *results) inTurn(t *testing.T, subjects []*subject) []*subject {
	load := func(s *subject) sample {
		taken := s.process.load(t, s.path)
		s.samples = append(s.samples, taken)
		return taken
	}
	if *whole {
		for _, s := range subjects {
			s.process.load(t, s.path)
		}
	}
	for range *rounds {
		var beside *subject
		var before sample
		for _, s := range subjects {
			if s.bare == "" {
				continue
			}
			if bare := named(subjects, s.bare); bare != beside {
				beside, before = bare, load(bare)
			}
			own, after := load(s), load(beside)
			s.ratios = append(s.ratios, 2*own.perSecond/(before.perSecond+after.perSecond))
			before = after
		}
	}
	return subjects
}

func named(subjects []*subject, name string) *subject {
	return subjects[slices.IndexFunc(subjects, func(s *subject) bool { return s.name == name })]
}
