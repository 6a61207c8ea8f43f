package rotation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// TestActions_areInTheModel fails if the decide of a model has no case for an action.
func TestActions_areInTheModel(t *testing.T) {
	actions := constantsOf(t, "action.go", "Action")
	if len(actions) < 10 {
		t.Fatalf("found the actions %v only", actions)
	}
	for _, file := range []string{"search_server_test.go", "search_bound_server_test.go"} {
		cases := casesOf(t, file, "decide")
		for _, a := range actions {
			if !slices.Contains(cases, a) {
				t.Errorf("%s has no case in %s", a, file)
			}
		}
	}
}

// constantsOf returns the names of the constants of a type in a file.
func constantsOf(t *testing.T, file, typeName string) (names []string) {
	for _, decl := range parsed(t, file).Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		first, ok := group.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident)
		if !ok || first.Name != typeName {
			continue
		}
		for _, spec := range group.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// casesOf returns the names in the cases of a function's switches.
func casesOf(t *testing.T, file, function string) (names []string) {
	for _, decl := range parsed(t, file).Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					if name, ok := e.(*ast.Ident); ok {
						names = append(names, name.Name)
					}
				}
			}
			return true
		})
	}
	return names
}

func parsed(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
