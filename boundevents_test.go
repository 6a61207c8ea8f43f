package latchkey_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// What happens to a key is told once a minute, however often it happens, in Config.OnEvent and in
// the log, and neither learns a secret.
func TestEvents_ofAKey(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		var events eventLog
		log := &latchkeytest.Log{}
		node := w.anotherNode(w.shop, events.observe, func(c *latchkey.Config) { c.Logger = log.Logger() })
		b := w.bindingBrowser()
		offered := b.offer(node)
		second := b.registering(node, offered, dbsc.ES256)
		b.get(node, "/api/private").ok(t, false)
		thief := b.copy(node, sessionCookie, refreshCookie)
		session, challenge := b.newest(node), b.challenge(node)
		wrong := keyProof{"POST", session.ID, w.signed(challenge), b.jar(node)}
		boast := strings.Repeat("x", 5000)
		for range 20 {
			second.post(node).want(t, 403, "", "")
			if got := wrong.post(node); got != keyChallenged {
				t.Errorf("a proof with another key: %s", got)
			}
			thief.send(node, "GET", "/api/private", "", func(r *http.Request) {
				r.Header.Set(dbsc.HeaderSkipped, boast+`;session_identifier="`+session.ID+`"`)
			}).want(t, 503, "device_proof_delayed", "")
		}
		time.Sleep(time.Second)
		told := events.all()
		for kind, level := range map[latchkey.EventKind]string{
			latchkey.EventBound: "INFO", latchkey.EventBindingContested: "WARN", latchkey.EventProofFailed: "WARN", latchkey.EventProofMissing: "WARN",
		} {
			n := 0
			for _, e := range told {
				if e.Kind != kind {
					continue
				}
				if n++; e.Session != b.record(node).ID || e.UserID != w.user.ID || e.Device.IP == "" || len(e.Skipped) > 64 {
					t.Errorf("%.300s", fmt.Sprintf("%+v", e))
				}
			}
			if lines := strings.Count(log.String(), fmt.Sprintf("level=%s msg=%s ", level, kind)); n != 1 || lines != 1 {
				t.Errorf("%s: told %d times, and %d times in the log", kind, n, lines)
			}
		}
		secrets := []string{offered, challenge, session.ID, session.Challenge, second.jwt, wrong.jwt}
		for _, value := range b.jar(node) {
			secrets = append(secrets, value)
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(log.String()+fmt.Sprintf("%+v", told), secret) {
				t.Errorf("told: %s", secret)
			}
		}
	})
}

// all returns the events since the last call of take.
func (l *eventLog) all() []latchkey.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]latchkey.Event(nil), l.list...)
}
