package docstest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Links within the repository lead to files, and to headings of them.
func TestLinks(t *testing.T) {
	anchors := make(map[string][]string)
	all := pages(t)
	for _, p := range all {
		anchors[p.path] = p.anchors
	}
	for _, p := range all {
		for _, l := range p.links {
			if strings.Contains(l.to, "://") {
				continue
			}
			file, heading, _ := strings.Cut(l.to, "#")
			to := p.path
			if file != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(p.path), file))
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s:%d: %v", p.path, l.line, err)
			} else if heading != "" && !slices.Contains(anchors[to], heading) {
				t.Errorf("%s:%d: %s has no heading #%s, but %s", p.path, l.line, to, heading, anchors[to])
			}
		}
	}
}
