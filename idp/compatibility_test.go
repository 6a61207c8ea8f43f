package idp

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
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
	sameCalls(t, "the page", told)
}

// TestOpenAPIRoutes: the document has exactly the operations that are served.
func TestOpenAPIRoutes(t *testing.T) {
	text, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Paths map[string]map[string]any }
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for path, item := range document.Paths {
		for member := range item {
			if member != "parameters" {
				told[path] = append(told[path], strings.ToUpper(member))
			}
		}
	}
	sameCalls(t, "the document", told)
}

// sameCalls compares what somebody tells with what is served.
func sameCalls(t *testing.T, who string, told map[string][]string) {
	t.Helper()
	served := map[string][]string{}
	for _, group := range (&Server{}).groups() {
		for path, m := range group {
			served[path] = slices.Sorted(maps.Keys(m))
		}
	}
	for path, methods := range served {
		if slices.Sort(told[path]); !slices.Equal(told[path], methods) {
			t.Errorf("%s: %s says %v, and %v are served", path, who, told[path], methods)
		}
		delete(told, path)
	}
	if len(told) > 0 {
		t.Errorf("%s describes calls that are not served: %v", who, told)
	}
}
