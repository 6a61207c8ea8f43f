package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var whether = []phrase{{regexp.MustCompile(`tells\s+whether`), "reports whether", comment + message}}

func TestTexts_findings(t *testing.T) {
	wide := strings.Repeat("word ", 20)
	for _, c := range []struct{ about, name, source, want string }{
		{"a comment over two lines", "a.go", "package a\n\n// f tells\n// whether.\nfunc f()\n", `a.go:3: "tells whether": write reports whether`},
		{"a string", "a.go", "package a\n\nvar s = `it\ntells whether`\n", `a.go:4: "tells whether": write reports whether`},
		{"code", "a.go", "package a\n\nvar tells, whether int\n", ""},
		{"a document", "a.md", "It tells whether.\n", ""},
		{"a comment of 102 columns", "a.go", "package a\n\nfunc f() {\n\t// " + wide[:95] + "\n}\n", "a.go:4: comment of 102 columns: wrap it at 100"},
		{"one long word", "a.go", "package a\n\n// https://" + strings.Repeat("x", 100) + "\n", ""},
		{"a string that looks like a comment", "a.go", "package a\n\nvar s = `\n// " + wide + "`\n", ""},
		{"a directive", "a.go", "package a\n\n//go:embed " + wide + "\n", ""},
		{"a script", "a.sh", "# it tells whether\ntells whether\n", `a.sh:1: "tells whether": write reports whether`},
		{"no text", "a.json", "tells whether", ""},
	} {
		var found []string
		for _, text := range texts(c.name, []byte(c.source)) {
			found = append(found, text.check(c.name, whether)...)
		}
		if want := strings.Fields(c.want); (len(want) == 0) != (len(found) == 0) || len(want) > 0 && !slices.Equal(found, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.about, found, c.want)
		}
	}
}
