package dbsc_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A site binds the session of a login. A real one would also forget challenges that are old, and
// have a session of its own behind the login cookie.
type site struct {
	mu       sync.Mutex
	sessions map[string]*bound // by id, which is also the login cookie here
}

// bound is a session. Its key is zero until the browser registers one.
type bound struct {
	key       dbsc.Key
	challenge string // that the next registration or proof must sign
	cookie    string
	end       time.Time // of the cookie
}

const cookieLife = 10 * time.Minute

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /dbsc/register", s.register)
	mux.HandleFunc("POST /dbsc/refresh", s.refresh)
	mux.HandleFunc("GET /", s.page)
	return mux
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, session := rand.Text(), &bound{challenge: rand.Text()}
	s.sessions[id] = session
	http.SetCookie(w, &http.Cookie{Name: "__Host-login", Value: id, Path: "/", Secure: true, HttpOnly: true})
	offer := dbsc.Offer{Path: "/dbsc/register", Challenge: session.challenge}
	if err := offer.AddTo(w.Header()); err != nil {
		log.Print(err)
	}
}

func (s *site) register(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, session := s.loggedIn(r)
	text, _ := dbsc.Response(r.Header)
	registration, err := dbsc.ParseRegistration(text)
	// Look at the challenge first: verification is expensive.
	if session == nil || err != nil || !session.key.IsZero() || registration.Challenge != session.challenge || registration.Verify() != nil {
		http.Error(w, "no registration", http.StatusForbidden)
		return
	}
	session.key = registration.Key
	s.renew(w, id, session)
}

func (s *site) refresh(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := dbsc.SessionID(r.Header)
	session := s.sessions[id]
	if session == nil { // it has logged out
		json.NewEncoder(w).Encode(dbsc.Termination{SessionID: id})
		return
	}
	text, _ := dbsc.Response(r.Header)
	proof, err := dbsc.ParseProof(text)
	if err != nil || proof.Challenge != session.challenge || proof.Verify(session.key) != nil {
		session.challenge = rand.Text()
		dbsc.Challenge{Value: session.challenge, SessionID: id}.AddTo(w.Header())
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.renew(w, id, session)
}

// renew sets a new bound cookie, and says what the browser must do to keep it.
func (s *site) renew(w http.ResponseWriter, id string, session *bound) {
	session.cookie, session.end, session.challenge = rand.Text(), time.Now().Add(cookieLife), rand.Text()
	cookie := &http.Cookie{
		Name: "__Host-bound", Value: session.cookie, MaxAge: int(cookieLife.Seconds()),
		Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	credential, err := dbsc.CredentialOf(cookie)
	if err != nil {
		log.Print(err)
	}
	http.SetCookie(w, cookie)
	dbsc.Challenge{Value: session.challenge, SessionID: id}.AddTo(w.Header()) // saves a round trip
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(dbsc.Instructions{
		SessionID:   id,
		RefreshURL:  "/dbsc/refresh",
		Scope:       dbsc.Scope{Rules: []dbsc.ScopeRule{{Type: dbsc.Exclude, Domain: "*", Path: "/dbsc"}}},
		Credentials: []dbsc.Credential{credential},
	})
}

// page needs a proof of a session that is bound.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, session := s.loggedIn(r)
	c, err := r.Cookie("__Host-bound")
	switch {
	case session == nil:
		http.Error(w, "log in", http.StatusUnauthorized)
	case !session.key.IsZero() && (err != nil || c.Value != session.cookie || time.Now().After(session.end)):
		http.Error(w, "no proof of the device", http.StatusUnauthorized)
	}
}

func (s *site) loggedIn(r *http.Request) (string, *bound) {
	c, err := r.Cookie("__Host-login")
	if err != nil {
		return "", nil
	}
	return c.Value, s.sessions[c.Value]
}

func Example() {
	server := httptest.NewTLSServer((&site{sessions: make(map[string]*bound)}).handler())
	defer server.Close()
	newClient := func() (*dbsctest.Browser, *http.Client) {
		jar, _ := cookiejar.New(nil)
		browser := &dbsctest.Browser{
			Jar: jar, Transport: server.Client().Transport,
			Report: func(e dbsctest.Event) { fmt.Println(e.Kind) },
		}
		return browser, &http.Client{Transport: browser}
	}
	get := func(who string, client *http.Client) {
		resp, err := client.Get(server.URL)
		if err != nil {
			log.Fatal(err)
		}
		resp.Body.Close()
		fmt.Println(who, resp.StatusCode)
	}
	browser, client := newClient()
	if _, err := client.Post(server.URL+"/login", "", nil); err != nil {
		log.Fatal(err)
	}
	browser.RunDue(context.Background())
	get("the browser:", client)

	// Ten minutes later the bound cookie has run out. A thief has a copy of all the others.
	thief, thiefsClient := newClient()
	page, err := url.Parse(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range browser.Jar.Cookies(page) {
		if c.Name == "__Host-login" {
			thief.Jar.SetCookies(page, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/", Secure: true}})
		}
	}
	browser.Jar.SetCookies(page, []*http.Cookie{{Name: "__Host-bound", Path: "/", Secure: true, MaxAge: -1}})
	get("the browser:", client)
	get("the thief:", thiefsClient)
	// Output:
	// registered
	// the browser: 200
	// refreshed
	// the browser: 200
	// the thief: 401
}
