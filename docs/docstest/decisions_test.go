package docstest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const decisions = "docs/decisions"

func TestDecisions_numbersAreUniqueAndListed(t *testing.T) {
	files, err := fs.Glob(os.DirFS(filepath.Join(root, decisions)), "[0-9]*.md")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d decisions found, %v", len(files), err)
	}
	index := read(t, decisions+"/README.md")
	by := make(map[string]string)
	for _, file := range files {
		number, _, ok := strings.Cut(file, "-")
		if !ok || !regexp.MustCompile(`^[0-9]{4}$`).MatchString(number) {
			t.Errorf("%s/%s: the name must begin with four digits and a hyphen", decisions, file)
		}
		if by[number] != "" {
			t.Errorf("%s: %s and %s have the same number", decisions, by[number], file)
		}
		by[number] = file
		if row := fmt.Sprintf("| [%s](%s) |", number, file); strings.Count(index, row) != 1 {
			t.Errorf("%s/README.md: want one row that begins with %s", decisions, row)
		}
	}
}
