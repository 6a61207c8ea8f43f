package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/examples/internal/apptest"
	"github.com/latchkey-dev/latchkey/examples/store"
)

func open(t *testing.T, site *apptest.Site, path string) *store.App {
	t.Helper()
	app, err := store.Open(t.Context(), store.Config{Path: path, Guard: site.Guard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

// say describes a cart: "kettle×2 mug×1 = 12400".
func say(t *testing.T, a apptest.Answer) string {
	t.Helper()
	if a.Status != 200 {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	var c struct {
		Items []struct {
			ProductID string
			Quantity  int
			LineCents int64
		}
		TotalCents int64
	}
	a.JSON(t, &c)
	var said strings.Builder
	var sum int64
	for _, i := range c.Items {
		fmt.Fprintf(&said, "%s×%d ", i.ProductID, i.Quantity)
		sum += i.LineCents
	}
	if sum != c.TotalCents {
		t.Errorf("lines come to %d, the total is %d", sum, c.TotalCents)
	}
	fmt.Fprintf(&said, "= %d", c.TotalCents)
	return said.String()
}

func TestProductsArePublic(t *testing.T) {
	site := apptest.New(t)
	a := site.Anonymous(open(t, site, "")).Do("GET", "/api/products", "")
	var got struct {
		Products []struct {
			ID, Name   string
			PriceCents int64
		}
	}
	a.JSON(t, &got)
	if a.Status != 200 || len(got.Products) != 12 {
		t.Fatalf("got %d with %d products", a.Status, len(got.Products))
	}
	seen := make(map[string]bool)
	for _, p := range got.Products {
		if p.ID == "" || p.Name == "" || p.PriceCents <= 0 || seen[p.ID] {
			t.Errorf("bad product %+v", p)
		}
		seen[p.ID] = true
	}
}

func TestEveryProductHasItsPicture(t *testing.T) {
	site := apptest.New(t)
	b := site.Anonymous(open(t, site, ""))
	var got struct{ Products []struct{ ID string } }
	b.Do("GET", "/api/products", "").JSON(t, &got)
	for _, p := range got.Products {
		if a := b.Do("GET", "/art/"+p.ID+".svg", ""); a.Status != 200 || a.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: got %d %s", p.ID, a.Status, a.Header.Get("Content-Type"))
		}
	}
}

func TestCart(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	for _, step := range []struct{ method, path, body, want string }{
		{"GET", "/api/load-shopping-cart", "", "= 0"},
		{"POST", "/api/shopping-cart/kettle", `{"quantity":1}`, "kettle×1 = 5400"},
		{"POST", "/api/shopping-cart/kettle", `{"quantity":2}`, "kettle×3 = 16200"},
		{"PUT", "/api/shopping-cart/kettle", `{"quantity":1}`, "kettle×1 = 5400"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":20}`, "kettle×1 mug×20 = 37400"},
		{"DELETE", "/api/shopping-cart/kettle", "", "mug×20 = 32000"},
		{"DELETE", "/api/shopping-cart/kettle", "", "mug×20 = 32000"},
		{"DELETE", "/api/shopping-cart/no-longer-sold", "", "mug×20 = 32000"},
		{"GET", "/api/load-shopping-cart", "", "mug×20 = 32000"},
	} {
		if got := say(t, b.Do(step.method, step.path, step.body)); got != step.want {
			t.Errorf("%s %s %s: got %q, want %q", step.method, step.path, step.body, got, step.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	b.Do("PUT", "/api/shopping-cart/mug", `{"quantity":20}`)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/api/shopping-cart/yacht", `{"quantity":1}`, 404, "unknown_product"},
		{"PUT", "/api/shopping-cart/yacht", `{"quantity":1}`, 404, "unknown_product"},
		{"POST", "/api/shopping-cart/mug", `{"quantity":1}`, 409, "quantity_limit"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":0}`, 400, "bad_request"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":21}`, 400, "bad_request"},
		{"POST", "/api/shopping-cart/mug", `{"quantity":-1}`, 400, "bad_request"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":1,"quantity":2}`, 400, "bad_request"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":1,"priceCents":1}`, 400, "bad_request"},
		{"PUT", "/api/shopping-cart/mug", "", 415, "unsupported_media_type"},
		{"PUT", "/api/shopping-cart/mug", `{"quantity":` + strings.Repeat(" ", 8<<10) + `1}`, 413, "payload_too_large"},
		{"PATCH", "/api/shopping-cart/mug", "", 405, "method_not_allowed"},
		{"POST", "/api/load-shopping-cart", "{}", 405, "method_not_allowed"},
		{"DELETE", "/api/products", "", 405, "method_not_allowed"},
		{"GET", "/api/load-shopping-cart/x.css", "", 404, "not_found"},
		{"GET", "/api/nothing", "", 404, "not_found"},
		{"GET", "/api/", "", 404, "not_found"},
	} {
		a := b.Do(c.method, c.path, c.body)
		if a.Status != c.status || a.Code() != c.code {
			t.Errorf("%s %s %.30s: got %d %q, want %d %q", c.method, c.path, c.body, a.Status, a.Code(), c.status, c.code)
		}
		if c.status == 405 && a.Header.Get("Allow") == "" {
			t.Errorf("%s %s: 405 without Allow", c.method, c.path)
		}
	}
	if got := say(t, b.Do("GET", "/api/load-shopping-cart", "")); got != "mug×20 = 32000" {
		t.Errorf("a refusal changed the cart: %s", got)
	}
}

func TestCartNeedsLogin(t *testing.T) {
	site := apptest.New(t)
	b := site.Anonymous(open(t, site, ""))
	for _, c := range [][2]string{{"GET", "/api/load-shopping-cart"}, {"POST", "/api/shopping-cart/mug"}, {"DELETE", "/api/shopping-cart/mug"}} {
		if a := b.Do(c[0], c[1], ""); a.Status != 401 || a.Code() != "login_required" {
			t.Errorf("%s %s: got %d %s", c[0], c[1], a.Status, a.Body)
		}
	}
}

func TestOtherOriginIsRefused(t *testing.T) {
	site := apptest.New(t)
	b := site.LoggedIn(open(t, site, ""), "ada@example.com")
	a := b.Do("PUT", "/api/shopping-cart/mug", `{"quantity":1}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	if a.Status != 403 || a.Code() != "cross_origin" {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// HDR-07: what depends on a login is kept by no cache; HDR-01, HDR-03: JSON can neither load nor
// become anything else.
func TestHeaders(t *testing.T) {
	site := apptest.New(t)
	app := open(t, site, "")
	b := site.LoggedIn(app, "ada@example.com")
	for _, a := range []apptest.Answer{
		b.Do("GET", "/api/load-shopping-cart", ""), b.Do("PUT", "/api/shopping-cart/mug", `{"quantity":0}`),
		b.Do("GET", "/api/user", ""), site.Anonymous(app).Do("GET", "/api/load-shopping-cart", ""),
	} {
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%d %s: Cache-Control is %q", a.Status, a.Body, got)
		}
		if got := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
			t.Errorf("%d %s: policy is %q", a.Status, a.Body, got)
		}
	}
}

func TestCartsAreApartAndKept(t *testing.T) {
	site := apptest.New(t)
	path := filepath.Join(t.TempDir(), "store.db")
	app := open(t, site, path)
	ada := site.LoggedIn(app, "ada@example.com")
	bob := site.LoggedIn(app, "bob@example.com")
	ada.Do("PUT", "/api/shopping-cart/lamp", `{"quantity":2}`)
	if got := say(t, bob.Do("GET", "/api/load-shopping-cart", "")); got != "= 0" {
		t.Errorf("bob sees %s", got)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	again := ada.At(open(t, site, path))
	if got := say(t, again.Do("GET", "/api/load-shopping-cart", "")); got != "lamp×2 = 17800" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestAddingAtOnceKeepsTheLimit(t *testing.T) {
	site := apptest.New(t)
	app := open(t, site, filepath.Join(t.TempDir(), "store.db"))
	b := site.LoggedIn(app, "ada@example.com")
	var adding sync.WaitGroup
	for range 30 {
		adding.Go(func() { b.At(app).Do("POST", "/api/shopping-cart/seeds", `{"quantity":1}`) })
	}
	adding.Wait()
	if got := say(t, b.Do("GET", "/api/load-shopping-cart", "")); got != "seeds×20 = 9000" {
		t.Errorf("got %s", got)
	}
}

func TestOpenNeedsAGuard(t *testing.T) {
	if _, err := store.Open(t.Context(), store.Config{}); err == nil || !strings.Contains(err.Error(), "Guard") {
		t.Errorf("got %v", err)
	}
}

func TestSessions(t *testing.T) {
	site := apptest.New(t)
	site.CheckSessions(open(t, site, ""), "/api/load-shopping-cart")
}

// A browser drops its key where the second of these is missing.
func TestDeviceBoundSessions(t *testing.T) {
	site := apptest.New(t)
	b := site.Anonymous(open(t, site, ""))
	for path, want := range map[string]int{"/api/dbsc/register": 403, "/api/dbsc/refresh": 503} {
		if a := b.Do("POST", path, ""); a.Status != want {
			t.Errorf("%s: %d %s, want %d", path, a.Status, a.Body, want)
		}
	}
}
