package wire_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var word = regexp.MustCompile("`([a-z_]+)`")

// documented are the codes of the tables under the heading "Refusals", each with its status.
func documented(t *testing.T) map[string]int {
	t.Helper()
	_, page, found := strings.Cut(read(t, "docs/http.md"), "\n## Refusals\n")
	if !found {
		t.Fatal("docs/http.md has no heading Refusals")
	}
	page, _, _ = strings.Cut(page, "\n## ")
	codes := make(map[string]int)
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		status, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err != nil {
			continue
		}
		for _, m := range word.FindAllStringSubmatch(cells[2], -1) {
			if codes[m[1]] != 0 {
				t.Errorf("docs/http.md has %s twice", m[1])
			}
			codes[m[1]] = status
		}
	}
	return codes
}

// TestDocumented compares the codes, docs/http.md and the words of the browser client.
func TestDocumented(t *testing.T) {
	documented := documented(t)
	for code, status := range documented {
		p := wire.Of(code)
		if !wire.Known(code) || p.Status != status || p.Title == "" {
			t.Errorf("docs/http.md says %d %s; the code says %d, title %q", status, code, p.Status, p.Title)
		}
	}
	source := read(t, "internal/wire/codes.go")
	for _, m := range regexp.MustCompile(`(?m)^\tCode\w+ += "(\w+)"$`).FindAllStringSubmatch(source, -1) {
		if !wire.Known(m[1]) || documented[m[1]] == 0 {
			t.Errorf("%s: want it in the table of codes and in docs/http.md", m[1])
		}
	}
}

// The client's own codes, for failures without a response.
var ofClient = []string{"offline", "timeout", "declined", "logged_out", "user_changed", "outdated"}

// Codes that no page of an app sees, or that the client handles by itself.
var unspoken = []string{
	"not_logged_in", "not_found", "method_not_allowed", "request_timeout", "payload_too_large", "unsupported_media_type", "misdirected_request",
	"headers_too_large", "method_unknown", "upstream_unavailable", "upstream_timeout", "version_not_supported", "internal_error", "secret_refused",
}

func TestWordsOfTheClient(t *testing.T) {
	_, table, _ := strings.Cut(read(t, "client/src/words.ts"), "const byCode")
	table, _, _ = strings.Cut(table, "};")
	said := map[string]bool{"too_many_attempts": true} // words says when to retry
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): "`).FindAllStringSubmatch(table, -1) {
		said[m[1]] = true
	}
	codes := documented(t)
	for code := range said {
		if codes[code] == 0 && !slices.Contains(ofClient, code) {
			t.Errorf("words.ts has words for %s, which is no code", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if said[code] == slices.Contains(unspoken, code) {
			t.Errorf("%s: want words in words.ts, or in the list of what needs none, and not in both", code)
		}
	}
}

// TestEndReasons compares docs/http.md, the client and the root's constants.
func TestEndReasons(t *testing.T) {
	_, said, found := strings.Cut(read(t, "docs/http.md"), "`endReason` says why a session is over: ")
	if !found {
		t.Fatal("docs/http.md has no list of end reasons")
	}
	said, _, _ = strings.Cut(said, ". ")
	var documented []string
	for _, m := range word.FindAllStringSubmatch(said, -1) {
		documented = append(documented, m[1])
	}
	_, list, _ := strings.Cut(read(t, "client/src/problem.ts"), "const endReasons = [")
	list, _, _ = strings.Cut(list, "]")
	var known []string
	for _, m := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(list, -1) {
		known = append(known, m[1])
	}
	var constants []string
	for _, m := range regexp.MustCompile(`(?m)^\tEnd\w+ +EndReason = "(\w+)"`).FindAllStringSubmatch(read(t, "record.go"), -1) {
		constants = append(constants, m[1])
	}
	slices.Sort(documented)
	slices.Sort(known)
	slices.Sort(constants)
	if len(constants) == 0 || !slices.Equal(documented, known) || !slices.Equal(documented, constants) {
		t.Errorf("docs/http.md has %q, the client %q, record.go %q", documented, known, constants)
	}
}
