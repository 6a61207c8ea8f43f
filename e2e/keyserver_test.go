package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// A keyServer binds one session, with package dbsc alone.
type keyServer struct {
	*testing.T
	origin    string
	algorithm dbsc.Algorithm

	mu     sync.Mutex
	key    dbsc.Key
	proofs int
	ended  bool
}

const sessionID = "the session"

func newKeyServer(t *testing.T, algorithm dbsc.Algorithm) *keyServer {
	t.Helper()
	listener, err := secure.listen()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &keyServer{T: t, origin: secure.scheme + "://keys." + secure.domain + ":" + port, algorithm: algorithm}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>Keys</title>")
	})
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /register", s.register)
	mux.HandleFunc("POST /refresh", s.refresh)
	mux.HandleFunc("GET /cookies", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Cookie")) })
	server := &http.Server{Handler: mux}
	stopped := make(chan struct{})
	go func() { defer close(stopped); server.Serve(listener) }()
	t.Cleanup(func() { server.Close(); <-stopped })
	return s
}

func (s *keyServer) login(w http.ResponseWriter, r *http.Request) {
	s.check(dbsc.Offer{Algorithms: []dbsc.Algorithm{s.algorithm}, Path: "/register", Challenge: "first", Authorization: "code"}.AddTo(w.Header()))
}

func (s *keyServer) register(w http.ResponseWriter, r *http.Request) {
	text, err := dbsc.Response(r.Header)
	s.check(err)
	registration, err := dbsc.ParseRegistration(text, s.algorithm)
	if err == nil {
		err = registration.Verify()
	}
	if err != nil || registration.Challenge != "first" || registration.Authorization != "code" {
		s.Errorf("registration %q: %v", text, err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.mu.Lock()
	s.key = registration.Key
	s.mu.Unlock()
	s.instruct(w, "0")
}

func (s *keyServer) refresh(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := dbsc.SessionID(r.Header)
	s.check(err)
	text, err := dbsc.Response(r.Header)
	s.check(err)
	switch {
	case id != sessionID:
		s.Errorf("a refresh of session %q", id)
	case s.ended:
		s.answer(w, dbsc.Termination{SessionID: sessionID})
		return
	case text == "":
		s.check(dbsc.Challenge{Value: "next", SessionID: sessionID}.AddTo(w.Header()))
		w.WriteHeader(http.StatusForbidden)
		return
	}
	proof, err := dbsc.ParseProof(text)
	if err == nil {
		err = proof.Verify(s.key)
	}
	if err != nil || proof.Challenge != "next" {
		s.Errorf("proof %q: %v", text, err)
	}
	s.proofs++
	s.instruct(w, fmt.Sprint(s.proofs))
}

// instruct sets the bound cookie, and tells the browser to keep it alive.
func (s *keyServer) instruct(w http.ResponseWriter, value string) {
	cookie := &http.Cookie{Name: boundCookie, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: 720}
	http.SetCookie(w, cookie)
	credential, err := dbsc.CredentialOf(cookie)
	s.check(err)
	s.answer(w, dbsc.Instructions{SessionID: sessionID, RefreshURL: "/refresh", Credentials: []dbsc.Credential{credential}})
}

func (s *keyServer) answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	s.check(json.NewEncoder(w).Encode(body))
}

func (s *keyServer) check(err error) {
	s.Helper()
	if err != nil {
		s.Error(err)
	}
}
