package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"path"
	"strings"
)

// The kinds of text, as scripts/dialect.txt names them.
const (
	comment = "c"
	message = "s" // a string literal of Go
	prose   = "d" // a document
)

// maxColumns is how wide a line of comment may be. A tab counts as 4.
const maxColumns = 100

// A text is a comment, a string or a line of a document.
type text struct {
	kind  string
	line  int // the number of its first line
	words string
	width int // columns of the line, if it is a line of comment and can be broken
}

func (t text) check(name string, dialect []phrase) []string {
	var findings []string
	if t.width > maxColumns {
		findings = append(findings, fmt.Sprintf("%s:%d: comment of %d columns: wrap it at %d", name, t.line, t.width, maxColumns))
	}
	for _, p := range dialect {
		if t.kind == "" || !strings.Contains(p.kinds, t.kind) {
			continue
		}
		for _, at := range p.pattern.FindAllStringIndex(t.words, -1) {
			line := t.line + strings.Count(t.words[:at[0]], "\n")
			found := strings.Join(strings.Fields(t.words[at[0]:at[1]]), " ")
			findings = append(findings, fmt.Sprintf("%s:%d: %q: write %s", name, line, found, p.write))
		}
	}
	return findings
}

// texts returns what people read in a file.
func texts(name string, source []byte) []text {
	switch path.Ext(name) {
	case ".go":
		return goTexts(source)
	case ".md":
		return lines(source, prose, func(string) bool { return true })
	case ".ts", ".tsx", ".mjs", ".js", ".css":
		return lines(source, comment, startsWith("//", "/*", "*"))
	case ".yaml", ".yml", ".tmpl", ".sh", ".service", ".conf", ".py":
		return lines(source, comment, startsWith("#"))
	case "":
		if strings.HasPrefix(string(source), "#!") || strings.HasSuffix(name, "file") {
			return lines(source, comment, startsWith("#"))
		}
	}
	return nil
}

// goTexts returns the comments and the string literals of a Go file. Comments on adjacent lines are
// one text, so that a phrase is found across a line break.
func goTexts(source []byte) []text {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	code := strings.Split(string(source), "\n")
	var found, wide []text
	for last := -1; ; { // the line of the last comment
		at, tok, lit := s.Scan()
		line := file.Line(at)
		switch {
		case tok == token.EOF:
			return append(found, wide...)
		case tok == token.STRING:
			found = append(found, text{kind: message, line: line, words: lit})
		case tok == token.COMMENT && !directive(lit):
			words := strings.TrimPrefix(lit, "//")
			wide = append(wide, text{line: line, width: widthOf(code[line-1])})
			if line == last+1 && strings.TrimSpace(code[line-1]) == lit {
				found[len(found)-1].words += "\n" + words
			} else {
				found = append(found, text{kind: comment, line: line, words: words})
			}
			last = line
		}
	}
}

// directive reports whether a comment speaks to a tool.
func directive(comment string) bool {
	return strings.HasPrefix(comment, "//go:") || strings.HasPrefix(comment, "//lint:")
}

// widthOf returns the columns of a line that begins with a comment, or 0 if it cannot be wrapped.
func widthOf(line string) int {
	trimmed := strings.TrimSpace(line)
	if !strings.HasPrefix(trimmed, "//") || len(strings.Fields(trimmed)) < 3 {
		return 0
	}
	return columns(line)
}

func columns(line string) int {
	return len([]rune(strings.ReplaceAll(line, "\t", "    ")))
}

func startsWith(marks ...string) func(string) bool {
	return func(line string) bool {
		for _, mark := range marks {
			if strings.HasPrefix(line, mark) {
				return true
			}
		}
		return false
	}
}

// lines returns the lines of a file that are of a kind.
func lines(source []byte, kind string, are func(trimmed string) bool) []text {
	var found []text
	for i, line := range strings.Split(string(source), "\n") {
		trimmed := strings.TrimSpace(line)
		if !are(trimmed) {
			continue
		}
		t := text{kind: kind, line: i + 1, words: trimmed}
		if kind == comment && len(strings.Fields(trimmed)) > 2 {
			t.width = columns(line)
		}
		found = append(found, t)
	}
	return found
}
