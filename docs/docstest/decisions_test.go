package docstest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestDecisions_numbersAreUnique(t *testing.T) {
	files, err := fs.Glob(os.DirFS(filepath.Join(root, "docs/decisions")), "[0-9]*.md")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d decisions found, %v", len(files), err)
	}
	by := make(map[string]string)
	for _, file := range files {
		number := regexp.MustCompile(`^[0-9]{4}-`).FindString(file)
		if number == "" {
			t.Errorf("docs/decisions/%s: the name must begin with four digits", file)
		} else if by[number] != "" {
			t.Errorf("docs/decisions: %s and %s have the same number", by[number], file)
		}
		by[number] = file
	}
}
