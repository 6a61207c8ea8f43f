package idp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// slow is a request whose body ends only after meanwhile has run.
func (w *world) slow(method, path, body string, meanwhile func()) answer {
	w.t.Helper()
	half := len(body) / 2
	rest := strings.NewReader(body[half:])
	first := true
	text := io.MultiReader(strings.NewReader(body[:half]), readerFunc(func(p []byte) (int, error) {
		if first {
			first = false
			meanwhile()
		}
		return rest.Read(p)
	}))
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, text)
	must(w.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", w.APIKey)
	resp, err := w.Client.Do(r)
	must(w.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return answer{w.t, resp.StatusCode, resp.Header, string(b)}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestPatchKeepsWhatIsNewer: a patch changes what it names, and nothing that somebody else has
// changed since it began.
func TestPatchKeepsWhatIsNewer(t *testing.T) {
	const patch = `{"user":{"firstName":"Augusta"}}`
	for name, send := range map[string]func(w *world, meanwhile func(func()), path string, change func()) answer{
		"before the body ends": func(w *world, _ func(func()), path string, change func()) answer {
			return w.slow("PATCH", path, patch, change)
		},
		"before it is written": func(w *world, meanwhile func(func()), path string, change func()) answer {
			meanwhile(change)
			return w.keyed("PATCH", path, patch)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, meanwhile := interleaved(t, idp.Application{})
			path := "/api/user/" + w.user.ID
			u := send(w, meanwhile, path, func() {
				w.keyed("PUT", path, `{"user":{"email":"countess@example.com"}}`).want(http.StatusOK)
				must(t, w.RequirePasswordChange(t.Context(), w.user.ID, idp.ChangeBreached))
			}).user().User
			if u.FirstName != "Augusta" || u.Email != "countess@example.com" || u.Verified || !u.PasswordChangeRequired {
				t.Errorf("the patch made it %+v", u)
			}
		})
	}
}

// TestPatchWhileItIsTested: what an operation tests is the user as it is when it is written.
func TestPatchWhileItIsTested(t *testing.T) {
	w, meanwhile := interleaved(t, idp.Application{})
	path := "/api/user/" + w.user.ID
	meanwhile(func() { w.keyed("PUT", path, `{"user":{"email":"countess@example.com"}}`).want(http.StatusOK) })
	w.send("PATCH", path, "application/json-patch+json", `[{"op":"test","path":"/user/email","value":"ada@example.com"},{"op":"add","path":"/user/firstName","value":"Ada"}]`, "Authorization", w.APIKey).
		wantCode("[patchTestFailed]")
	if u := w.keyed("GET", path, "").user().User; u.FirstName != "" || u.Email != "countess@example.com" {
		t.Errorf("%+v", u)
	}
}

// TestPutOfAnOldAddress: an address that was given up meanwhile is to be proved again.
func TestPutOfAnOldAddress(t *testing.T) {
	w, meanwhile := interleaved(t, idp.Application{})
	path := "/api/user/" + w.user.ID
	meanwhile(func() { w.keyed("PUT", path, `{"user":{"email":"countess@example.com"}}`).want(http.StatusOK) })
	if u := w.keyed("PUT", path, `{"user":{"email":"ada@example.com"}}`).user().User; u.Email != "ada@example.com" || u.Verified {
		t.Errorf("put: %+v", u)
	}
}

func TestPatchesOfAUserAtOnce(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/" + w.user.ID
	for range 20 {
		w.keyed("PUT", path, `{"user":{"email":"ada@example.com"}}`).want(http.StatusOK)
		statuses := beside(
			func() answer { return w.keyed("PATCH", path, `{"user":{"firstName":"Ada"}}`) },
			func() answer { return w.keyed("PATCH", path, `{"user":{"lastName":"Lovelace"}}`) },
		)
		if u := w.keyed("GET", path, "").user().User; u.FirstName != "Ada" || u.LastName != "Lovelace" {
			t.Fatalf("answers %v, and the user is %+v", statuses, u)
		}
	}
}

// TestPatchOfTheDemand: a patch sets the demand for another password, keeps it and takes it back.
func TestPatchOfTheDemand(t *testing.T) {
	w := newWorld(t)
	path := "/api/user/" + w.user.ID
	for _, c := range []struct {
		patch, want string
	}{
		{`{"passwordChangeReason":"Breached"}`, "Breached"},
		{`{"firstName":"Ada"}`, "Breached"},
		{`{"passwordChangeRequired":true}`, "Breached"},
		{`{"passwordChangeRequired":false}`, ""},
		{`{"passwordChangeRequired":true}`, "Administrative"},
		{`{"passwordChangeReason":null}`, ""},
	} {
		w.keyed("PATCH", path, `{"user":`+c.patch+`}`).want(http.StatusOK)
		u, err := w.UserByID(t.Context(), w.user.ID)
		must(t, err)
		if string(u.PasswordChangeReason) != c.want {
			t.Errorf("%s: reason %q, want %q", c.patch, u.PasswordChangeReason, c.want)
		}
	}
}
