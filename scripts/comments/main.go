// Command comments reports comments wider than 100 columns, and words that scripts/dialect.txt
// replaces by plainer ones. Run it at the root of the repository; -allow is the number of findings
// that may stand, for a time.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

func main() {
	allow := flag.Int("allow", 0, "how many findings may stand; lower it when there are fewer")
	list := flag.Bool("list", false, "print the findings even if there are no more than -allow")
	flag.Parse()
	findings, err := run("scripts/dialect.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, "comments:", err)
		os.Exit(2)
	}
	if *list || len(findings) > *allow {
		for _, f := range findings {
			fmt.Println(f)
		}
	}
	fmt.Printf("comments: %d findings, %d allowed\n", len(findings), *allow)
	if len(findings) > *allow {
		os.Exit(1)
	}
}

// run checks every file of the repository that somebody wrote.
func run(dialectFile string) ([]string, error) {
	dialect, err := readDialect(dialectFile)
	if err != nil {
		return nil, err
	}
	files, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var findings []string
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		if generated(name) || name == dialectFile {
			continue
		}
		source, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			return nil, err
		}
		for _, text := range texts(name, source) {
			findings = append(findings, text.check(name, dialect)...)
		}
	}
	return findings, nil
}

// generated reports whether a file is built from others, or records the past.
func generated(name string) bool {
	for dir := range strings.SplitSeq(path.Dir(name), "/") {
		if slices.Contains([]string{"testdata", "dist", "page", "decisions"}, dir) {
			return true
		}
	}
	return name == "bench/RESULTS.md" || name == "CHANGELOG.md"
}
