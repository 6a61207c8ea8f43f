package latchkey_test

import (
	"os"
	"strings"
	"testing"
)

// The program in the README is the example of the package's documentation.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(readme), "```go\n")
	program, _, _ = strings.Cut(program, "```")
	imports, code, found := strings.Cut(strings.TrimPrefix(program, "package main\n\n"), "func main() {\n")
	if !found || !strings.Contains(string(source), imports) || !strings.Contains(string(source), code) {
		t.Error("the README's program is not that of example_test.go")
	}
}
