package docstest

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lookedUp says how a command is looked up, by its program, whether its block runs or not.
var lookedUp = map[string]func(t *testing.T, words []string) string{
	"latchkey": unknownSubcommand, "./latchkey": unknownSubcommand, "make": unknownTarget, "go": unknownTest,
}

// The commands on the pages exist: subcommands and their flags, targets of the Makefile, tests and
// their flags.
func TestCommands(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/latchkey").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	known := make(map[string]bool)
	for _, p := range pages(t) {
		lines := p.code
		for _, b := range p.blocks {
			if b.language == "" || b.language == "sh" {
				lines = append(lines, strings.Split(b.text, "\n")...)
			}
		}
		for _, line := range lines {
			words := words(line)
			for len(words) > 0 && strings.Contains(words[0], "=") { // variables
				words = words[1:]
			}
			if len(words) < 2 || lookedUp[words[0]] == nil || known[line] {
				continue
			}
			if mistake := lookedUp[words[0]](t, words[1:]); mistake != "" {
				t.Errorf("%s: %q: %s", p.path, line, mistake)
			}
			known[line] = true
		}
	}
	if len(known) < 50 {
		t.Errorf("only %d commands were found", len(known))
	}
}

var word = regexp.MustCompile(`;|(?:'[^']*'|"[^"]*"|[^\s;'"])+`)

// words splits a command like a shell, without its comment and what comes after a pipe.
func words(line string) []string {
	var all []string
	for _, w := range word.FindAllString(line, -1) {
		if strings.ContainsAny(w[:1], "#|>&;") {
			break
		}
		all = append(all, strings.Trim(w, `'"`))
	}
	return all
}

// unknownSubcommand asks the program itself. Alternatives are written as in app add|list.
func unknownSubcommand(t *testing.T, words []string) string {
	command, flags := words, []string(nil)
	if first := slices.IndexFunc(words, func(w string) bool { return !regexp.MustCompile(`^[a-z|-]+$`).MatchString(w) || w[0] == '-' }); first >= 0 {
		command, flags = words[:first], words[first:]
	}
	if len(command) == 0 {
		return "no subcommand"
	}
	group, last := command[:len(command)-1], command[len(command)-1]
	for alternative := range strings.SplitSeq(last, "|") {
		args := append(slices.Clone(group), alternative, "--help")
		help, err := exec.CommandContext(t.Context(), "latchkey", args...).CombinedOutput()
		if err != nil {
			return string(help)
		}
		for _, flag := range flags {
			name, _, _ := strings.Cut(flag, "=")
			if strings.HasPrefix(name, "-") && !strings.Contains(string(help), name) {
				return name + ": no such flag"
			}
		}
	}
	return ""
}

func unknownTarget(t *testing.T, words []string) string {
	makefile := read(t, "Makefile")
	for _, w := range words {
		name, _, variable := strings.Cut(w, "=")
		if !variable && !regexp.MustCompile(`(?m)^`+name+`:`).MatchString(makefile) || variable && !strings.Contains(makefile, "$("+name+")") {
			return w + ": not in the Makefile"
		}
	}
	return ""
}

// unknownTest searches the sources: no test is compiled for it. A command that names neither tests
// nor flags needs no sources: its package may be one that the reader has written.
func unknownTest(t *testing.T, words []string) string {
	named := func(word string) bool { return strings.HasPrefix(word, "-") }
	if words[0] != "test" || !slices.ContainsFunc(words, named) {
		return ""
	}
	var sources string
	patterns, flags, dir := []string(nil), []string(nil), ""
	for i := 1; i < len(words); i++ {
		switch w := words[i]; {
		case w == "-C":
			i++
			dir = words[i]
		case w == "-run" || w == "-bench":
			i++
			patterns = append(patterns, map[string]string{"-run": "Test", "-bench": "Benchmark"}[w]+"|"+words[i])
		case strings.HasPrefix(w, "-"):
			flags = append(flags, strings.TrimLeft(w, "-"))
		case strings.HasPrefix(w, "."):
			sources += testSources(t, filepath.Join(dir, w))
		}
	}
	if dir != "" && sources == "" {
		sources = testSources(t, dir)
	}
	for _, p := range patterns {
		kind, pattern, _ := strings.Cut(p, "|")
		pattern, _, _ = strings.Cut(pattern, "/")
		named := regexp.MustCompile(pattern)
		all := regexp.MustCompile(`(?m)^func (`+kind+`\w+)\(`).FindAllStringSubmatch(sources, -1)
		if pattern != "^$" && !slices.ContainsFunc(all, func(f []string) bool { return named.MatchString(f[1]) }) {
			return pattern + ": no such function"
		}
	}
	for _, f := range flags {
		ofGo := []string{"v", "race", "count", "cpu", "cpuprofile", "benchmem", "short", "timeout"}
		if name, _, _ := strings.Cut(f, "="); !slices.Contains(ofGo, name) && !strings.Contains(sources, `"`+name+`"`) {
			return "-" + name + ": no such flag"
		}
	}
	return ""
}

func testSources(t *testing.T, dir string) string {
	t.Helper()
	if strings.HasSuffix(dir, "...") {
		return ""
	}
	return sources(t, dir+"/*_test.go")
}

// sources is the text of all matching files.
func sources(t *testing.T, pattern string) string {
	t.Helper()
	files, err := fs.Glob(os.DirFS(root), path.Clean(pattern))
	if err != nil || len(files) == 0 {
		t.Errorf("%s: there is none", pattern)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString(read(t, file))
	}
	return all.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
