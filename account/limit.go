package account

import (
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/internal/clientip"
	"github.com/latchkey-dev/latchkey/internal/throttle"
)

// limits has all counts of a Handler.
type limits struct {
	mails    *throttle.Rate // by kind and address of the mail
	visitors *throttle.Rate // by address of the browser
	guesses  *throttle.Rate // guesses at the password of an account, by user
}

func newLimits() *limits {
	return &limits{
		mails:    throttle.NewRate(20*time.Minute, 3),
		visitors: throttle.NewRate(time.Minute, 20),
		guesses:  throttle.NewRate(time.Minute, 5),
	}
}

// visit counts a request of a browser that is not logged in.
func (h *Handler) visit(r *http.Request) error {
	return tooSoon(h.visitors.Take(clientip.Network(h.config.ClientIP(r)), h.config.Now()))
}

// guess counts a check of a user's password.
func (h *Handler) guess(userID string) error {
	return tooSoon(h.guesses.Take(userID, h.config.Now()))
}

// tooSoon is the problem of having to wait, or nil.
func tooSoon(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return tooMany(wait)
}
