package idp

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCompatibilityPage: the page lists exactly the calls that are served.
func TestCompatibilityPage(t *testing.T) {
	page, err := os.ReadFile("../docs/fusionauth-compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		calls, _, _ := strings.Cut(line[2:], " |")
		for _, call := range regexp.MustCompile("`([A-Z, ]+) (/[^`]*)`").FindAllStringSubmatch(calls, -1) {
			told[call[2]] = append(told[call[2]], strings.Split(call[1], ", ")...)
		}
	}
	served := map[string][]string{}
	s := &Server{}
	for _, group := range []map[string]methods{s.loginRoutes(), s.accountRoutes(), s.passkeyRoutes(), s.userRoutes(), s.applicationRoutes(), s.tokenRoutes()} {
		for path, m := range group {
			served[path] = slices.Sorted(maps.Keys(m))
		}
	}
	for path, methods := range served {
		if slices.Sort(told[path]); !slices.Equal(told[path], methods) {
			t.Errorf("%s: the page says %v, and %v are served", path, told[path], methods)
		}
		delete(told, path)
	}
	if len(told) > 0 {
		t.Errorf("the page tells of what is not served: %v", told)
	}
}
