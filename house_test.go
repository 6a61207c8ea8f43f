package latchkey_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHouse_counts keeps the root package from growing into one object again: the methods and the
// fields of Guard, the source files, and the largest cycle of files that refer to one another.
func TestHouse_counts(t *testing.T) {
	pkg, info, files := checkRoot(t)
	guard := pkg.Scope().Lookup("Guard").Type().(*types.Named)
	cycle := largestCycle(references(info, files))
	for _, c := range []struct {
		what       string
		got, limit int
	}{
		{"methods of Guard", guard.NumMethods(), 53},
		{"fields of Guard", guard.Underlying().(*types.Struct).NumFields(), 16},
		{"source files of the root", len(files), 34},
		{"files in the largest cycle", len(cycle), 4},
	} {
		t.Logf("%s: %d, at most %d", c.what, c.got, c.limit)
		if c.got > c.limit {
			t.Errorf("%s: %d, want at most %d", c.what, c.got, c.limit)
		}
	}
	t.Logf("the largest cycle: %s", strings.Join(cycle, " "))
}

// checkRoot parses and type-checks the package without its tests.
func checkRoot(t *testing.T) (*types.Package, *types.Info, map[*ast.File]string) {
	t.Helper()
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[*ast.File]string)
	var list []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[file], list = name, append(list, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", exportData(t))}
	pkg, err := config.Check(module, set, list, info)
	if err != nil {
		t.Fatal(err)
	}
	return pkg, info, files
}

// exportData opens what the compiler wrote about each package that the root imports.
func exportData(t *testing.T) importer.Lookup {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		paths[path] = file
	}
	return func(path string) (io.ReadCloser, error) {
		if paths[path] == "" {
			return nil, fmt.Errorf("no export data for %s", path)
		}
		return os.Open(paths[path])
	}
}

// references returns, for each file, the other files whose types, functions, methods, fields,
// variables and constants it names.
func references(info *types.Info, files map[*ast.File]string) map[string][]string {
	home := make(map[types.Object]string)
	eachIdent(files, func(name string, ident *ast.Ident) {
		if defined := info.Defs[ident]; defined != nil {
			home[defined] = name
		}
	})
	found := make(map[string]map[string]bool)
	eachIdent(files, func(name string, ident *ast.Ident) {
		used := info.Uses[ident]
		switch v := used.(type) { // a generic one is used by its instances
		case *types.Func:
			used = v.Origin()
		case *types.Var:
			used = v.Origin()
		}
		if from := home[used]; from != "" && from != name {
			if found[name] == nil {
				found[name] = make(map[string]bool)
			}
			found[name][from] = true
		}
	})
	graph := make(map[string][]string)
	for _, name := range files {
		graph[name] = slices.Sorted(maps.Keys(found[name]))
	}
	return graph
}

func eachIdent(files map[*ast.File]string, visit func(name string, ident *ast.Ident)) {
	for file, name := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if ident, ok := n.(*ast.Ident); ok {
				visit(name, ident)
			}
			return true
		})
	}
}

// largestCycle returns the largest set of files that reach one another, by Tarjan's algorithm.
func largestCycle(graph map[string][]string) (largest []string) {
	index, low, onStack := make(map[string]int), make(map[string]int), make(map[string]bool)
	var stack []string
	var visit func(string)
	visit = func(v string) {
		index[v] = len(index) + 1
		low[v] = index[v]
		stack, onStack[v] = append(stack, v), true
		for _, w := range graph[v] {
			if index[w] == 0 {
				visit(w)
				low[v] = min(low[v], low[w])
			} else if onStack[w] {
				low[v] = min(low[v], index[w])
			}
		}
		if low[v] != index[v] {
			return
		}
		i := slices.Index(stack, v)
		cycle := slices.Clone(stack[i:])
		for _, w := range cycle {
			onStack[w] = false
		}
		stack = stack[:i]
		if len(cycle) > len(largest) {
			largest = cycle
		}
	}
	for _, v := range slices.Sorted(maps.Keys(graph)) {
		visit(v)
	}
	slices.Sort(largest)
	return largest
}
