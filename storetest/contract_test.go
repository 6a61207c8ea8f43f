package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// Sentences that no case of the suite can show for every store, and what shows them.
var elsewhere = map[string]string{
	"A Store keeps the sessions.":           "what it is for",
	"It has no clock and no usable secret.": "the methods are given the time, and records with digests and sealed tokens",
	"Store will not grow: later additions will be optional interfaces, like Watcher and Sweeper.": "a promise",

	"A store on a network limits its own calls to a few seconds, because requests wait for them.": "pgstore/network_test.go, redisstore/loss_test.go",
	"If the stream may have lost a write, Watch returns an error, and is called again.":           "pgstore/network_test.go, redisstore/watch_test.go, sqlitestore TestForeignWrite, nodes/silence_test.go",
}

// TestContract: every sentence of the contract is quoted by a case, and every quoted sentence
// exists.
func TestContract(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../store.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	contract := map[string]bool{} // whether it is quoted
	ast.Inspect(file, func(n ast.Node) bool {
		var doc *ast.CommentGroup
		switch n := n.(type) {
		case *ast.GenDecl:
			if len(n.Specs) == 1 {
				if spec, ok := n.Specs[0].(*ast.TypeSpec); ok {
					if _, ok := spec.Type.(*ast.InterfaceType); ok {
						doc = n.Doc
					}
				}
			}
		case *ast.Field:
			doc = n.Doc
		}
		for _, s := range sentences(doc.Text()) {
			contract[s] = false
		}
		return true
	})
	quote := func(name, text string) {
		for _, s := range sentences(text) {
			if _, ok := contract[s]; !ok {
				t.Errorf("%s: the contract does not say %q", name, s)
			}
			contract[s] = true
		}
	}
	for _, c := range cases {
		quote(c.name, c.contract)
	}
	for _, c := range watcherCases {
		quote(c.name, c.contract)
	}
	for s, quoted := range contract {
		if _, ok := elsewhere[s]; quoted == ok {
			t.Errorf("quoted by a case: %v, shown elsewhere: %v: %q", quoted, ok, s)
		}
	}
	for s := range elsewhere {
		if _, ok := contract[s]; !ok {
			t.Errorf("the contract does not say %q", s)
		}
	}
}

func sentences(text string) (all []string) {
	words := strings.Join(strings.Fields(text), " ")
	for s := range strings.SplitSeq(words, ". ") {
		if s = strings.TrimSuffix(s, "."); s != "" {
			all = append(all, s+".")
		}
	}
	return all
}
