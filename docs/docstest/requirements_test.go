package docstest

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const requirements = "docs/requirements.md"

// A key is cited as CKE-14, or in the name of a test: TestCKE14_CookiesAreOpaque, TestFormCKE04.
var (
	citedKey = regexp.MustCompile(`\b([A-Z]{3})-([0-9]{2})\b`)
	namedKey = regexp.MustCompile(`func (?:Test|Fuzz|Benchmark)\w*?([A-Z]{3})([0-9]{2})(?:[_A-Z]\w*)?\(`)
)

// A requirement is a row of docs/requirements.md.
type requirement struct {
	key, tests string
}

func readRequirements(t *testing.T) []requirement {
	t.Helper()
	var rows []requirement
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]{3}-[0-9]{2}) \|[^|]+\|[^|]+\|([^|]+)\|$`).FindAllStringSubmatch(read(t, requirements), -1) {
		rows = append(rows, requirement{row[1], row[2]})
	}
	if len(rows) < 80 {
		t.Errorf("only %d requirements found", len(rows))
	}
	return rows
}

func TestRequirements_citedKeysAreDefined(t *testing.T) {
	defined := make(map[string]bool)
	for _, r := range readRequirements(t) {
		if defined[r.key] {
			t.Errorf("%s defines %s twice", requirements, r.key)
		}
		defined[r.key] = true
	}
	err := walk(func(path string) error {
		if path == requirements || !slices.Contains([]string{".go", ".md", ".ts", ".tsx", ".js", ".yaml"}, filepath.Ext(path)) {
			return nil
		}
		text := read(t, path)
		for _, key := range append(citedKey.FindAllStringSubmatch(text, -1), namedKey.FindAllStringSubmatch(text, -1)...) {
			if name := key[1] + "-" + key[2]; !defined[name] && key[1] != "UTF" {
				t.Errorf("%s cites %s, which %s does not define", path, name, requirements)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The map in CONTRIBUTING.md leads to tests that exist.
func TestContributing_namedTestsExist(t *testing.T) {
	tests := everyTest(t)
	names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(read(t, "CONTRIBUTING.md"), -1)
	if len(names) < 15 {
		t.Errorf("only %d tests found", len(names))
	}
	for _, name := range names {
		if !strings.Contains(tests, "func "+name[1]+"(") {
			t.Errorf("CONTRIBUTING.md names %s, which does not exist", name[1])
		}
	}
}

func TestRequirements_namedTestsExist(t *testing.T) {
	tests := everyTest(t)
	code := regexp.MustCompile("`([^`]+)`")
	for _, r := range readRequirements(t) {
		names := code.FindAllStringSubmatch(r.tests, -1)
		if len(names) == 0 {
			t.Errorf("%s: %s names no test", requirements, r.key)
		}
		for _, name := range names {
			if !strings.Contains(tests, "func "+name[1]+"(") {
				t.Errorf("%s: %s names %s, which does not exist", requirements, r.key, name[1])
			}
		}
		if strings.Contains(r.tests, "client: "+r.key) && !strings.Contains(tests, `test("`+r.key) {
			t.Errorf("%s: no test of the client begins with %s", requirements, r.key)
		}
	}
}

// everyTest is the source of all tests, in Go and of the browser client.
func everyTest(t *testing.T) string {
	t.Helper()
	var tests strings.Builder
	err := walk(func(path string) error {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".test.ts") {
			tests.WriteString(read(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests.String()
}
