package latchkey_test

import (
	"os"
	"strings"
	"testing"
)

// The program in the README is the one that is compiled here.
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
	program = strings.Replace(strings.TrimSpace(program), "func main()", "func Example()", 1)
	if program == "" || !strings.Contains(string(source), program) {
		t.Error("the README's program is not that of example_test.go")
	}
}
