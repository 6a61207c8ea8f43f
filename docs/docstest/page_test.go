// Package docstest checks that the documents are true: it runs their code, follows their links and
// looks up their commands.
//
// The code blocks of a page run in order, in one directory that is empty at first. Three comments,
// which readers do not see, control that:
//
//	<!-- not run: REASON -->   before a block: it is not run, and counted as such
//	<!-- file: NAME -->        before a block: it is written to the file, and checked by the tool
//	                           of its language
//	<!-- run: COMMANDS -->     anywhere: commands between the blocks, such as checks
//
// Blocks without a language, or in sh, are shell commands. All others need one of the first two
// comments.
package docstest

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

const root = "../.."

// A page is a document, with the comments that its readers do not see.
type page struct {
	path    string // from the root of the repository
	blocks  []block
	links   []link
	code    []string // in the text, between backquotes
	anchors []string // of its headings, as GitHub makes them
}

// A block is a code block, or a comment with commands.
type block struct {
	line     int
	language string // "" of an indented block
	text     string
	comment  comment // directly before it
}

// A comment is one of the three that control the test.
type comment struct{ verb, rest string }

type link struct {
	line int
	to   string
}

// pages reads every page of ours.
func pages(t *testing.T) []page {
	t.Helper()
	var found []page
	err := walk(func(path string) error {
		if filepath.Ext(path) != ".md" {
			return nil
		}
		p, err := parse(path)
		found = append(found, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// walk visits the files of the repository, without downloaded or generated ones.
func walk(visit func(path string) error) error {
	return fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains([]string{"node_modules", ".git", "latchkey-data"}, entry.Name()) && entry.IsDir():
			return fs.SkipDir
		case entry.Type().IsRegular():
			return visit(path)
		}
		return nil
	})
}

func parse(path string) (page, error) {
	source, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return page{}, err
	}
	p := page{path: path}
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		return ast.WalkContinue, p.add(n, source)
	})
	if err != nil {
		return page{}, fmt.Errorf("%s: %w", p.path, err)
	}
	return p, nil
}

func (p *page) add(n ast.Node, source []byte) error {
	switch n := n.(type) {
	case *ast.HTMLBlock:
		c, err := commentOf(n, source)
		if err != nil {
			return fmt.Errorf("line %d: %w", line(n, source), err)
		}
		if c.verb == "run" {
			p.blocks = append(p.blocks, block{line: line(n, source), text: c.rest, comment: c})
		}
	case *ast.FencedCodeBlock:
		p.addBlock(n, string(n.Language(source)), source)
	case *ast.CodeBlock:
		p.addBlock(n, "", source)
	case *ast.CodeSpan:
		p.code = append(p.code, textOf(n, source))
	case *ast.Link:
		p.links = append(p.links, link{line(n, source), string(n.Destination)})
	case *ast.Image:
		p.links = append(p.links, link{line(n, source), string(n.Destination)})
	case *ast.Heading:
		p.anchors = append(p.anchors, anchor(textOf(n, source)))
	}
	return nil
}

func (p *page) addBlock(n ast.Node, language string, source []byte) {
	b := block{line: line(n, source), language: language, text: string(n.Lines().Value(source))}
	if before, ok := n.PreviousSibling().(*ast.HTMLBlock); ok {
		if c, err := commentOf(before, source); err == nil && c.verb != "run" {
			b.comment = c
		}
	}
	p.blocks = append(p.blocks, b)
}

// commentOf reads a comment. No other comments or HTML are allowed.
func commentOf(n *ast.HTMLBlock, source []byte) (comment, error) {
	raw := string(n.Lines().Value(source))
	if n.HasClosure() {
		raw += string(n.ClosureLine.Value(source))
	}
	inner, opened := strings.CutPrefix(strings.TrimSpace(raw), "<!--")
	inner, closed := strings.CutSuffix(inner, "-->")
	verb, rest, _ := strings.Cut(inner, ":")
	c := comment{strings.TrimSpace(verb), strings.TrimSpace(rest)}
	if !opened || !closed || !slices.Contains([]string{"run", "not run", "file"}, c.verb) || c.rest == "" {
		return c, fmt.Errorf("%q: want <!-- run: …, <!-- not run: … or <!-- file: …", raw)
	}
	return c, nil
}

// line counts from 1. Inline nodes have the line of the block around them.
func line(n ast.Node, source []byte) int {
	for n.Type() == ast.TypeInline || n.Lines().Len() == 0 {
		if n.Parent() == nil {
			return 1
		}
		n = n.Parent()
	}
	return 1 + bytes.Count(source[:n.Lines().At(0).Start], []byte("\n"))
}

func textOf(n ast.Node, source []byte) string {
	var b strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if leaf, ok := n.(*ast.Text); ok && entering {
			b.Write(leaf.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

var outOfAnchors = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor follows GitHub: lower case, without punctuation, hyphens for spaces.
func anchor(heading string) string {
	return strings.ReplaceAll(outOfAnchors.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
