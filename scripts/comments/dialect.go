package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// A phrase is a line of scripts/dialect.txt.
type phrase struct {
	pattern *regexp.Regexp
	write   string // what to write instead
	kinds   string // the kinds of text where the phrase is looked for
}

// readDialect reads lines of three columns, separated by tabs: kinds, pattern, suggestion.
func readDialect(name string) ([]phrase, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var dialect []phrase
	for i, line := range strings.Split(string(source), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) != 3 {
			return nil, fmt.Errorf("%s:%d: %d columns, want 3", name, i+1, len(columns))
		}
		pattern, err := regexp.Compile(columns[1])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		dialect = append(dialect, phrase{pattern, columns[2], columns[0]})
	}
	return dialect, nil
}
