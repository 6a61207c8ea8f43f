package latchkey_test

import (
	"flag"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/api.txt")

// TestAPI compares the exported names of this package with testdata/api.txt: a new name is a line
// in the diff, and somebody's decision.
func TestAPI(t *testing.T) {
	names, top := exported(t)
	got := strings.Join(names, "\n") + "\n"
	if *update {
		if err := os.WriteFile("testdata/api.txt", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the exported names are not those of testdata/api.txt; if that is meant: go test -run TestAPI -update .\n%s", got)
	}
	if top > 90 {
		t.Errorf("%d exported names at the top level; the budget is 90", top)
	}
}

func exported(t *testing.T) (names []string, top int) {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(set, files, "latchkey")
	if err != nil {
		t.Fatal(err)
	}
	if p.Doc == "" {
		t.Error("the package has no doc comment")
	}
	add := func(kind, name, comment string) {
		names = append(names, kind+" "+name)
		if comment == "" {
			t.Errorf("%s has no doc comment", name)
		}
	}
	values := func(kind string, list []*doc.Value) {
		for _, v := range list {
			for _, name := range v.Names {
				if ast.IsExported(name) {
					add(kind, name, v.Doc)
					top++
				}
			}
		}
	}
	values("const", p.Consts)
	values("var", p.Vars)
	for _, f := range p.Funcs {
		add("func", f.Name, f.Doc)
		top++
	}
	for _, typ := range p.Types {
		add("type", typ.Name, typ.Doc)
		top++
		values("const", typ.Consts)
		values("var", typ.Vars)
		for _, f := range typ.Funcs {
			add("func", f.Name, f.Doc)
			top++
		}
		for _, m := range typ.Methods {
			add("method", typ.Name+"."+m.Name, m.Doc)
		}
	}
	slices.Sort(names)
	return names, top
}
