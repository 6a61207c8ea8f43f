package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var nutshell = []phrase{{regexp.MustCompile(`in\s+a\s+nutshell`), "in short", comment + message}}

func TestTexts_findings(t *testing.T) {
	wide := strings.Repeat("word ", 20)
	for _, c := range []struct{ about, name, source, want string }{
		{"a comment over two lines", "a.go", "package a\n\n// f in a\n// nutshell.\nfunc f()\n", `a.go:3: "in a nutshell": write in short`},
		{"a string", "a.go", "package a\n\nvar s = `it\nin a nutshell`\n", `a.go:4: "in a nutshell": write in short`},
		{"code", "a.go", "package a\n\nvar in, nutshell int\n", ""},
		{"a document", "a.md", "This in a nutshell.\n", ""},
		{"a comment of 102 columns", "a.go", "package a\n\nfunc f() {\n\t// " + wide[:95] + "\n}\n", "a.go:4: comment of 102 columns: wrap it at 100"},
		{"one long word", "a.go", "package a\n\n// https://" + strings.Repeat("x", 100) + "\n", ""},
		{"a string that looks like a comment", "a.go", "package a\n\nvar s = `\n// " + wide + "`\n", ""},
		{"a directive", "a.go", "package a\n\n//go:embed " + wide + "\n", ""},
		{"a script", "a.sh", "# this in a nutshell\necho in a nutshell\n", `a.sh:1: "in a nutshell": write in short`},
		{"no text", "a.json", "in a nutshell", ""},
	} {
		var found []string
		for _, text := range texts(c.name, []byte(c.source)) {
			found = append(found, text.check(c.name, nutshell)...)
		}
		if want := strings.Fields(c.want); (len(want) == 0) != (len(found) == 0) || len(want) > 0 && !slices.Equal(found, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.about, found, c.want)
		}
	}
}
