package idp

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// No refusal of a login tells by its time who it was for: not that of the right password of a user
// who may not come in before the address is verified, whom a stranger may have registered to learn
// whether there was an account before, and not that of a lock.
func TestTimeOfRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		s, err := Open(t.Context(), Config{Secret: Secret{1}, Now: func() time.Time { return now }, Hash: HashConfig{MemoryKiB: 8, Iterations: 1, InsecureHash: true}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		const right = "correct horse battery staple of old"
		tenant := Tenant{Name: "Default", UnverifiedBehavior: UnverifiedGated, Lockout: Lockout{UserActionID: uuid.NewString(), Attempts: 2}}
		if err := s.EnsureTenant(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		var tenantID string
		for email, verified := range map[string]bool{"ada@example.com": true, "new@example.com": false} {
			u, err := s.CreateUser(t.Context(), NewUser{Email: email, Password: right, Verified: verified})
			if err != nil {
				t.Fatal(err)
			}
			tenantID = u.TenantID
		}
		s.costs.cover(t.Context())
		s.hasher.CoverRefusals(2 * time.Second)
		took := func(email, password string) (time.Duration, error) {
			began := time.Now()
			_, err := s.authenticate(t.Context(), tenantID, &loginRequest{LoginID: email, Password: password, LoginIDTypes: []string{loginIDEmail}})
			return time.Since(began), err
		}
		want, _ := took("nobody@example.com", "wrong")
		if want != 3*time.Second {
			t.Fatalf("a refusal takes %v", want)
		}
		if d, err := took("new@example.com", right); d != want || err != nil {
			t.Errorf("a user who is gated: %v, %v, want %v", d, err, want)
		}
		if d, err := took("ada@example.com", right); d != 0 || err != nil {
			t.Errorf("a login that is not refused: %v, %v", d, err)
		}
		var locked *lockedError
		for range 3 {
			var d time.Duration
			if d, err = took("ada@example.com", "wrong"); d != want {
				t.Errorf("a wrong password: %v, %v, want %v", d, err, want)
			}
		}
		if !errors.As(err, &locked) {
			t.Errorf("there is no lock: %v", err)
		}
	})
}
