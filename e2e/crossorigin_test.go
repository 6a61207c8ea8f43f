package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// elsewhere opens a page of another site, without a policy that would restrict it.
func (b *browser) elsewhere(url string) *tab {
	b.Helper()
	p := b.open("about:blank")
	p.do("switch the page's own policy off", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
		return err
	}))
	p.navigate(url)
	return p
}

// others are where attacks come from: a page of the forums, for example through an injected script,
// and a stranger's.
func (w *world) others() []string {
	return []string{w.forums.origin + "/", w.stranger + "/"}
}

// TestFetchFromElsewhere makes other sites send requests to the store in every way that fetch
// offers. Login and logout are refused before anything else is checked (LGN-02, LIF-02).
func TestFetchFromElsewhere(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	w.store.enterAndLogIn(b)
	for _, other := range w.others() {
		p := b.elsewhere(other)
		for _, path := range []string{"/api/login", "/api/logout"} {
			w.forget()
			read[bool](p, fmt.Sprintf(`fetch(%q, {method: "POST", mode: "no-cors", credentials: "include", body: %q}).then(() => true, () => true)`,
				w.store.origin+path, `{"email":"ada@example.com","password":"not important"}`))
			e := w.store.only("POST", path)
			if e.status != http.StatusForbidden || !strings.Contains(e.body, `"cross_origin"`) || len(e.cookies()) != 0 || len(e.setCookies()) != 0 {
				t.Errorf("%s from %s: %d %s, came with the cookies %v", path, other, e.status, e.body, e.cookies())
			}
			w.store.wantCalls()
			got := read[string](p, fmt.Sprintf(`fetch(%q, {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: "{}"}).then(() => "answered", () => "blocked")`,
				w.store.origin+path))
			if got != "blocked" {
				t.Errorf("JSON to %s from %s was %s", path, other, got)
			}
		}
		if got := read[string](p, fmt.Sprintf(`fetch(%q, {credentials: "include"}).then(() => "answered", () => "blocked")`, w.store.origin+"/api/user")); got != "blocked" {
			t.Errorf("%s could read who is logged in at the store", other)
		}
		p.takeComplaints() // that CORS blocks what it should
	}
	w.store.openLoggedIn(b)
}

// TestFormFromElsewhereCKE04 makes other sites submit a form to the store: a navigation, which CORS
// does not prevent. It arrives without the cookies and is refused.
func TestFormFromElsewhereCKE04(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	w.store.enterAndLogIn(b)
	for _, other := range w.others() {
		for _, path := range []string{"/api/logout", "/api/login"} {
			p := b.elsewhere(other)
			w.forget()
			read[bool](p, fmt.Sprintf(`(() => {
				const form = document.createElement("form");
				Object.assign(form, {method: "post", action: %q, enctype: "text/plain"});
				document.body.append(form);
				form.submit();
				return true;
			})()`, w.store.origin+path))
			w.store.await(1, "POST", path)
			e := w.store.only("POST", path)
			if e.status != http.StatusForbidden || !strings.Contains(e.body, `"cross_origin"`) || len(e.cookies()) != 0 || len(e.setCookies()) != 0 {
				t.Errorf("%s from %s: %d %s, came with the cookies %v", path, other, e.status, e.body, e.cookies())
			}
		}
	}
	w.store.wantCalls()
	w.store.openLoggedIn(b)
}

// TestLinkFromElsewhere: a user who follows a link to the store is still logged in there, although
// the page itself is requested without cookies.
func TestLinkFromElsewhere(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	w.store.enterAndLogIn(b)
	p := b.elsewhere(w.stranger + "/")
	w.forget()
	p.follow(w.store.origin + "/")
	p.see("user-name")
	if e := w.store.only("GET", "/"); len(e.cookies()) != 0 {
		t.Errorf("the navigation came with the cookies %v", e.cookies())
	}
}

// follow puts a link onto the page, and clicks it.
func (p *tab) follow(url string) {
	p.Helper()
	read[bool](p, fmt.Sprintf(`(() => {
		const link = document.createElement("a");
		link.href = %q;
		document.body.append(link);
		link.click();
		return true;
	})()`, url))
}
