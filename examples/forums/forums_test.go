package forums_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey-dev/latchkey/examples/forums"
	"github.com/latchkey-dev/latchkey/examples/internal/apptest"
)

// open opens the board and puts the gateway in front.
func open(t *testing.T, site *apptest.Site, path string) http.Handler {
	t.Helper()
	return site.Behind(openBoard(t, path), forums.Page())
}

func openBoard(t *testing.T, path string) *forums.App {
	t.Helper()
	app, err := forums.Open(t.Context(), forums.Config{Path: path, UserKey: apptest.UserKey, Origin: apptest.Origin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

type thread struct {
	ID        int64
	Title     string
	PostCount int
	Posts     []struct {
		Author, Body string
		CreatedAt    time.Time
		Mine         bool
	}
}

func load(t *testing.T, b *apptest.Browser) []thread {
	t.Helper()
	a := b.Do("GET", "/api/load-posts", "")
	if a.Status != 200 || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %q %s", a.Status, a.Header.Get("Cache-Control"), a.Body)
	}
	var got struct{ Threads []thread }
	a.JSON(t, &got)
	return got.Threads
}

func startThread(t *testing.T, b *apptest.Browser, title, body string) int64 {
	t.Helper()
	a := b.Do("POST", "/api/threads", fmt.Sprintf(`{"title":%q,"body":%q}`, title, body))
	if a.Status != 201 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	var got struct{ ID int64 }
	a.JSON(t, &got)
	return got.ID
}

func TestSeedsNewestFirst(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	threads := load(t, b)
	if len(threads) < 3 {
		t.Fatalf("only %d threads", len(threads))
	}
	newest := time.Now().Add(time.Minute)
	for _, th := range threads {
		last := th.Posts[len(th.Posts)-1].CreatedAt
		if last.After(newest) {
			t.Errorf("%q comes too late", th.Title)
		}
		newest = last
		for _, p := range th.Posts {
			if p.Mine {
				t.Errorf("a seed in %q is mine", th.Title)
			}
		}
	}
}

func TestWriting(t *testing.T) {
	site := apptest.New(t)
	app := open(t, site, "")
	ada := site.LoggedIn(app, "ada@example.com")
	bob := site.LoggedIn(app, "bob@example.com")

	id := startThread(t, ada, "  <b>Hello</b> ", "one\r\n\ttwo <script>\n")
	if a := bob.Do("POST", fmt.Sprintf("/api/threads/%d/posts", id), `{"body":"hi"}`); a.Status != 201 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	got := load(t, bob)[0]
	if got.ID != id || got.Title != "<b>Hello</b>" || got.PostCount != 2 || len(got.Posts) != 2 {
		t.Fatalf("got %+v", got)
	}
	if first := got.Posts[0]; first.Body != "one\n\ttwo <script>" || first.Mine {
		t.Errorf("first post is %+v", first)
	}
	if second := got.Posts[1]; second.Body != "hi" || !second.Mine {
		t.Errorf("second post is %+v", second)
	}
}

func TestAuthorIsNeverTheEmail(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	startThread(t, b, "Hello", "there")
	if p := load(t, b)[0].Posts[0]; p.Author == "" || strings.Contains(p.Author, "@") {
		t.Errorf("author is %q", p.Author)
	}
}

func TestReplyBringsThreadToTheTop(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	oldest := load(t, b)
	last := oldest[len(oldest)-1]
	b.Do("POST", fmt.Sprintf("/api/threads/%d/posts", last.ID), `{"body":"up"}`)
	if top := load(t, b)[0]; top.ID != last.ID {
		t.Errorf("on top is %q", top.Title)
	}
}

func TestLongThreadShowsItsNewestPosts(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	id := startThread(t, b, "Long", "0")
	for i := range 60 {
		b.Do("POST", fmt.Sprintf("/api/threads/%d/posts", id), fmt.Sprintf(`{"body":"%d"}`, i+1))
	}
	got := load(t, b)[0]
	if got.PostCount != 61 || len(got.Posts) != 50 || got.Posts[0].Body != "11" || got.Posts[49].Body != "60" {
		t.Errorf("count %d, shown %d, from %q", got.PostCount, len(got.Posts), got.Posts[0].Body)
	}
}

func TestRefusals(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"no title", "POST", "/api/threads", `{"title":" ","body":"x"}`, 400, "bad_request"},
		{"long title", "POST", "/api/threads", `{"title":"` + strings.Repeat("ä", 121) + `","body":"x"}`, 400, "bad_request"},
		{"two lines", "POST", "/api/threads", `{"title":"a\nb","body":"x"}`, 400, "bad_request"},
		{"invisible", "POST", "/api/threads", `{"title":"\u200b\u200d","body":"x"}`, 400, "bad_request"},
		{"no body", "POST", "/api/threads", `{"title":"a","body":"\r\n"}`, 400, "bad_request"},
		{"bell", "POST", "/api/threads", `{"title":"a","body":"\u0007x"}`, 400, "bad_request"},
		{"an author", "POST", "/api/threads", `{"title":"a","body":"x","author":"Bob"}`, 400, "bad_request"},
		{"long post", "POST", "/api/threads/1/posts", `{"body":"` + strings.Repeat("x", 4001) + `"}`, 400, "bad_request"},
		{"huge", "POST", "/api/threads/1/posts", `{"body":"` + strings.Repeat("x", 40000) + `"}`, 413, "payload_too_large"},
		{"unknown thread", "POST", "/api/threads/99999/posts", `{"body":"x"}`, 404, "unknown_thread"},
		{"no number", "POST", "/api/threads/one/posts", `{"body":"x"}`, 404, "unknown_thread"},
		{"method", "DELETE", "/api/threads/1/posts", "", 405, "method_not_allowed"},
		{"unknown route", "GET", "/api/threads/1", "", 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := b.Do(c.method, c.path, c.body); a.Status != c.status || a.Code() != c.code {
				t.Errorf("got %d %q, want %d %q", a.Status, a.Code(), c.status, c.code)
			}
		})
	}
	longest := fmt.Sprintf(`{"body":"%s"}`, strings.Repeat(`😀`, 4000))
	if a := b.Do("POST", "/api/threads/1/posts", longest); a.Status != 201 {
		t.Errorf("the longest post: got %d %s", a.Status, a.Body)
	}
}

func TestMembersOnly(t *testing.T) {
	site := apptest.New(t)
	b := site.Anonymous(open(t, site, ""))
	for _, c := range [][2]string{{"GET", "/api/load-posts"}, {"POST", "/api/threads"}, {"POST", "/api/threads/1/posts"}} {
		if a := b.Do(c[0], c[1], ""); a.Status != 401 || a.Code() != "login_required" {
			t.Errorf("%s %s: got %d %s", c[0], c[1], a.Status, a.Body)
		}
	}
}

func TestBoardIsKeptAndSeededOnce(t *testing.T) {
	site := apptest.New(t)
	path := filepath.Join(t.TempDir(), "forums.db")
	app := openBoard(t, path)
	b := site.LoggedIn(site.Behind(app, forums.Page()), "ada@example.com")
	startThread(t, b, "Mine", "kept")
	before := load(t, b)
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	if after := load(t, b.At(open(t, site, path))); len(after) != len(before) {
		t.Errorf("%d threads before, %d after a restart", len(before), len(after))
	}
}

func TestOpenNeedsAKey(t *testing.T) {
	for _, c := range []forums.Config{{}, {UserKey: "short", Origin: apptest.Origin}, {UserKey: apptest.UserKey}} {
		if _, err := forums.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "UserKey") {
			t.Errorf("%v: got %v", c, err)
		}
	}
}

// GWY-15: a request that bypasses the gateway, or whose header was not made for this app or not
// just now, is anonymous.
func TestHeaderIsChecked(t *testing.T) {
	app := openBoard(t, "")
	sign := func(key, issuer, audience string, life time.Duration) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(key)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: issuer, Audience: jwt.Audience{audience}, Subject: "mallory", Expiry: jwt.NewNumericDate(time.Now().Add(life))}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := sign(apptest.UserKey, "latchkey", apptest.Origin, time.Minute)
	for name, c := range map[string]struct {
		header []string
		status int
	}{
		"good":              {[]string{good}, 200},
		"none":              {nil, 401},
		"empty":             {[]string{""}, 401},
		"words":             {[]string{"mallory"}, 401},
		"twice":             {[]string{good, good}, 401},
		"another key":       {[]string{sign(strings.Repeat("x", 32), "latchkey", apptest.Origin, time.Minute)}, 401},
		"another app":       {[]string{sign(apptest.UserKey, "latchkey", "http://other.localhost", time.Minute)}, 401},
		"another issuer":    {[]string{sign(apptest.UserKey, "mallory", apptest.Origin, time.Minute)}, 401},
		"old":               {[]string{sign(apptest.UserKey, "latchkey", apptest.Origin, -time.Minute)}, 401},
		"another spelling":  {[]string{good[:8] + "\n" + good[8:]}, 401},
		"a line feed":       {[]string{good + "\n"}, 401},
		"changed":           {[]string{good[:len(good)-4] + "AAAA"}, 401},
		"without signature": {[]string{"eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0."}, 401},
	} {
		r := httptest.NewRequest("GET", "/api/load-posts", nil)
		r.Header["Latchkey-User"] = c.header
		w := httptest.NewRecorder()
		if app.ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%s: got %d, want %d", name, w.Code, c.status)
		}
	}
}

func TestSessions(t *testing.T) {
	site := apptest.New(t)
	site.CheckSessions(open(t, site, ""), "/api/load-posts")
}
