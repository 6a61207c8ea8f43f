package e2e_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-dev/latchkey"
)

// TestBound_linkFromElsewhere: Chromium gives no proof before a navigation that another site has
// started.
func TestBound_linkFromElsewhere(t *testing.T) {
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		s, b := newWorldAt(t, secure).store, newBinder(t)
		p := s.linkWithoutProof(b, "/")
		p.see("user-name")
		if e := s.only("GET", "/"); len(e.cookies()) != 0 {
			t.Errorf("the navigation came with the cookies %v", e.cookies())
		}
		s.wantUnnoticed("the page's own requests")
	})
	t.Run("lax", func(t *testing.T) {
		t.Parallel()
		s, b := newWorldAt(t, secure, func(c *latchkey.Config) { c.SameSiteLax = true }).store, newBinder(t)
		p := s.linkWithoutProof(b, s.protected)
		p.do("see the answer", chromedp.WaitVisible(chromedp.CSS("pre")))
		if got := s.statuses(s.protected); !slices.Equal(got, []int{http.StatusUnauthorized, http.StatusOK}) || s.proofs() != 1 {
			t.Errorf("statuses %d, %d proofs; want a page that loads itself again after one proof", got, s.proofs())
		}
	})
}

// linkWithoutProof follows a link from another site to the path, in a browser without a living
// proof.
func (s *site) linkWithoutProof(b *binder, path string) *tab {
	s.Helper()
	s.enterAndBind(b)
	p := b.elsewhere(s.stranger + "/")
	b.loseProof(s.origin)
	s.forget()
	p.follow(s.origin + path)
	return p
}
