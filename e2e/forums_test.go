package e2e_test

import (
	"testing"
)

// TestPosting: a person starts a thread, posts to it, and others see it, as text whatever it looks
// like.
func TestPosting(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	s := w.forums
	p := s.enterAndLogIn(b)
	const markup = `<img src=x onerror="window.intruder = true"><script>window.intruder = true</script>`

	p.click("new-thread")
	p.fill("thread-title", "Which <b>moth</b> is this?")
	p.fill("thread-body", markup)
	p.click("thread-submit")
	p.untilText(markup)
	p.untilText("Which <b>moth</b> is this?")
	p.fill("post-body", "Found it: a hawk-moth.")
	p.click("post-submit")
	p.untilText("Your post is up.")
	if at := read[string](p, "location.pathname"); at == "/new" {
		t.Errorf("after the thread was started the page is still at %s", at)
	}

	p.reload()
	p.untilText("Found it: a hawk-moth.")
	p.untilText(markup)
	p.untilText("Ada Lovelace")
	if read[bool](p, `"intruder" in window || document.querySelector(".posts img, .posts script") !== null`) {
		t.Error("a post was taken for markup")
	}
}
