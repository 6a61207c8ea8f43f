package idp

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// TestNotBuilt: the page lists the calls that are not built, and each of them answers so, with
// every method and to everybody.
func TestNotBuilt(t *testing.T) {
	page, err := os.ReadFile("../docs/fusionauth-compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Not built\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var told []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, m := range regexp.MustCompile("`(/[^` ]*)`").FindAllStringSubmatch(line, -1) {
			told = append(told, m[1])
		}
	}
	list := slices.Clone(fusion.NotBuilt)
	slices.Sort(told)
	slices.Sort(list)
	if !slices.Equal(told, list) {
		t.Errorf("the page lists %v as not built, and these are not: %v", told, list)
	}
	routes := (&Server{}).routes()
	for _, path := range fusion.NotBuilt {
		paths := []string{strings.TrimSuffix(path, "/")}
		if strings.HasSuffix(path, "/") {
			paths = append(paths, path+"search", path+"00000000-0000-4000-8000-000000000001/x")
		}
		for _, p := range paths {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				rec := httptest.NewRecorder()
				routes.ServeHTTP(rec, httptest.NewRequest(method, p, nil))
				if rec.Code != http.StatusNotImplemented || !strings.Contains(rec.Body.String(), `"[notImplemented]"`) || rec.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: %d %s", method, p, rec.Code, rec.Body)
				}
			}
		}
	}
}
