package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// All other tests fail when a page violates its Content-Security-Policy. These make sure that the
// policy is in force.

// TestInlineScript puts a script into the HTML, like an injection. It does not run, and the page
// works.
func TestInlineScript(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		s.front.answer(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			s.app.ServeHTTP(rec, r)
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(rec.Code)
			body := rec.Body.String()
			if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
				body = strings.Replace(body, "<head>", "<head><script>window.intruder = true</script>", 1)
				body += `<img src="/none.png" onerror="window.intruder = true">`
			}
			w.Write([]byte(body))
		})
		p := s.enterAndLogIn(b)
		if e := s.only("GET", s.page()); !strings.Contains(e.body, "<script>window.intruder") {
			t.Fatal("the script is not in the page: this test tests nothing")
		}
		if read[bool](p, `"intruder" in window`) {
			t.Error("the script has run")
		}
		if complaints := p.takeComplaints(); len(complaints) < 2 {
			t.Errorf("the browser complained only of %q", complaints)
		}
	})
}

// TestScriptCannotMakeScript: not even a script of the page can turn text into markup or code
// (Trusted Types).
func TestScriptCannotMakeScript(t *testing.T) {
	inEach(t, func(t *testing.T, s *site, b *browser) {
		p := s.enter(b)
		for _, attempt := range []string{
			`document.body.insertAdjacentHTML("beforeend", "<b>markup</b>")`,
			`document.body.innerHTML = "<img src=x onerror='window.intruder = true'>"`,
			`document.body.append(Object.assign(document.createElement("script"), {text: "window.intruder = true"}))`,
			`eval("window.intruder = true")`,
		} {
			got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](
				fmt.Sprintf(`(() => { try { %s; return "done" } catch (e) { return e.name } })()`, attempt), asThePage))
			if err != nil || got == "done" {
				t.Errorf("%s: %s, %v; want an exception", attempt, got, err)
			}
		}
		if read[bool](p, `"intruder" in window`) {
			t.Error("a script has run")
		}
		p.takeComplaints()
	})
}

// asThePage makes an expression obey the page's policy. Otherwise eval would be allowed to it.
func asThePage(p *runtime.EvaluateParams) { p.AllowUnsafeEvalBlockedByCSP = new(bool) }

// TestFraming: no other site may frame the page, to make people click on what they do not see.
func TestFraming(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	w.store.enterAndLogIn(b)
	p := b.elsewhere(w.others()[1])
	read[bool](p, fmt.Sprintf(`new Promise(done => {
		const frame = document.createElement("iframe");
		frame.onload = () => done(true);
		frame.src = %q;
		document.body.append(frame);
	})`, w.store.origin+"/"))
	if complaints := strings.Join(p.takeComplaints(), "\n"); !strings.Contains(complaints, "frame-ancestors") {
		t.Errorf("the browser did not refuse the frame; it complained of %q", complaints)
	}
}
