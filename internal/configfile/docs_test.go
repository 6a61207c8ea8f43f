package configfile

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// everyKey has the keys that a file may have, such as "apps.host".
func everyKey(t *testing.T) map[string]bool {
	t.Helper()
	r := &reader{lines: make(map[string]int), meant: make(map[string]bool), unread: make(map[string]bool), known: make(map[string]bool)}
	r.env, r.needs = func(string) (string, bool) { return "", false }, func(string) bool { return true }
	document, err := decode("latchkey.yaml", []byte("tls: {}\nprovider: {}\nmail: {}\nsession: {}\napps: [{}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	r.file(&File{}, document)
	return r.known
}

// docs/gateway.md has a row for each key of the file and of an app, names the keys below others in
// their row, and has no other keys.
func TestDocumentedKeys(t *testing.T) {
	text, err := os.ReadFile("../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The file\n")
	section, _, _ = strings.Cut(section, "\n## ")
	ofFile, ofApp, found := strings.Cut(section, "\nEach app has\n")
	if !found {
		t.Fatal("docs/gateway.md has no table for apps")
	}
	documented := make(map[string]bool)
	keys := everyKey(t)
	for prefix, table := range map[string]string{"": ofFile, "apps.": ofApp} {
		for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|.*$").FindAllStringSubmatch(table, -1) {
			for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
				key := prefix + name[1]
				documented[key] = true
				if !keys[key] {
					t.Errorf("docs/gateway.md has the key %s, and the file does not", key)
				}
				for below := range keys {
					if last, ok := strings.CutPrefix(below, key+"."); ok && key != "apps" && strings.Contains(row[0], "`"+last+"`") {
						documented[below] = true
					}
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !documented[key] && !documented[strings.TrimSuffix(key, "_file")] {
			t.Errorf("docs/gateway.md does not have the key %s", key)
		}
	}
	if len(keys) < 50 {
		t.Errorf("only %d keys", len(keys))
	}
}
