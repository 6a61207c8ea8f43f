package doctor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/fusionauth.md explains every check in the code, and no others.
func TestDocsExplainEveryCheck(t *testing.T) {
	text, err := os.ReadFile("../../docs/fusionauth.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## What the doctor says")
	explained := make(map[string]bool)
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z_`, ]+`) \\|").FindAllStringSubmatch(section, -1) {
		for _, name := range strings.Split(row[1], ", ") {
			explained[strings.Trim(name, "`")] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	checks := regexp.MustCompile(`(?:const check = |(?:found|add|skew|read)\((?:ctx, )?(?:(?:OK|Skipped|Warning|Problem), )?)"([a-z_]+)"`)
	used := make(map[string]bool)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range checks.FindAllStringSubmatch(string(source), -1) {
			used[match[1]] = true
		}
	}
	if len(used) < 25 {
		t.Errorf("only %d checks found", len(used))
	}
	for name := range used {
		if !explained[name] {
			t.Errorf("%s is not explained", name)
		}
	}
	for name := range explained {
		if !used[name] {
			t.Errorf("%s is explained, and there is no such check", name)
		}
	}
}
