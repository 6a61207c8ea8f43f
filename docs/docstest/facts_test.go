package docstest

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// SECURITY.md names the oldest Go that go.mod allows.
func TestGoVersion(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(read(t, "go.mod"))[1]
	for _, named := range regexp.MustCompile(`\b1\.\d+(\.\d+)?\b`).FindAllString(read(t, "SECURITY.md"), -1) {
		if named != version {
			t.Errorf("SECURITY.md names Go %s, go.mod %s", named, version)
		}
	}
	if !strings.Contains(read(t, "SECURITY.md"), version) {
		t.Errorf("SECURITY.md does not name Go %s", version)
	}
}

// docs/gateway.md has every key of the configuration, and no others in its tables of keys.
func TestKeysOfTheConfiguration(t *testing.T) {
	schema := regexp.MustCompile(`"([a-z_]+)": +(?:r\.|func\()`).FindAllStringSubmatch(sources(t, "internal/configfile/*.go"), -1)
	_, tables, _ := strings.Cut(read(t, "docs/gateway.md"), "## The file")
	tables, _, _ = strings.Cut(tables, "\n## ")
	var keys []string
	for _, key := range schema {
		keys = append(keys, key[1])
		if !strings.Contains(tables, "`"+key[1]+"`") && !strings.Contains(tables, "`"+strings.TrimSuffix(key[1], "_file")+"`") {
			t.Errorf("docs/gateway.md has no %s", key[1])
		}
	}
	if len(keys) < 40 {
		t.Errorf("only %d keys found", len(keys))
	}
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\|").FindAllStringSubmatch(tables, -1) {
		for _, key := range strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ") {
			if !slices.Contains(keys, key) {
				t.Errorf("docs/gateway.md explains %s, which is no key", key)
			}
		}
	}
}
