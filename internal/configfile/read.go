package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// Read reads the file. The error has every mistake, each as a *Mistake, in the order of lines. Only
// the owner may read a file with secrets in it, and only the owner may write any.
func Read(path string) (*File, error) {
	f, r, err := readFile(path, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	err = filemode.Unwritable(path)
	if len(r.secrets) > 0 {
		err = filemode.Secret(path)
	}
	switch {
	case err != nil && len(r.secrets) > 0:
		return nil, fmt.Errorf("%w (it contains %s, which can come from a variable or a file instead)", err, r.secrets[0])
	case err != nil:
		return nil, err
	}
	return f, nil
}

// ReadPart reads a file for some of its values only. Variables and files that other values name may
// be missing; those values are zero.
func ReadPart(path string, part Part) (*File, error) {
	f, _, err := readFile(path, func(key string) bool { return part(index.ReplaceAllString(key, "")) })
	return f, err
}

// A Part reports whether the value of a key is needed, such as "data" and "apps.application_id".
type Part func(key string) bool

// Only is the part with these keys.
func Only(keys ...string) Part {
	return func(key string) bool { return slices.Contains(keys, key) }
}

// Except is the part without these keys.
func Except(keys ...string) Part {
	return func(key string) bool { return !slices.Contains(keys, key) }
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

func readFile(path string, needs func(string) bool) (*File, *reader, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var failed *os.PathError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, nil, fmt.Errorf("%s: cannot read the configuration: %w (latchkey init writes a new one)", path, err)
	}
	return parse(path, text, os.LookupEnv, needs)
}

// Parse reads the text of a file. The path is used in messages, and to resolve relative names.
func Parse(path string, text []byte, env func(string) (string, bool)) (*File, error) {
	f, _, err := parse(path, text, env, func(string) bool { return true })
	return f, err
}

func parse(path string, text []byte, env func(string) (string, bool), needs func(string) bool) (*File, *reader, error) {
	document, err := decode(path, text)
	if err != nil {
		return nil, nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{path: path, dir: filepath.Dir(absolute), env: env, needs: needs, lines: make(map[string]int), meant: make(map[string]bool), unread: make(map[string]bool), known: make(map[string]bool)}
	f := &File{
		Listen: "127.0.0.1:8080", Data: filepath.Join(r.dir, "latchkey-data"), Store: "sqlite", path: path, lines: r.lines,
		Provider: Provider{Listen: "127.0.0.1:9011"},
	}
	r.file(f, document)
	f.secretFiles = r.secretFiles
	slices.SortStableFunc(r.mistakes, func(a, b *Mistake) int { return a.Line - b.Line })
	var errs []error
	for _, m := range r.mistakes {
		errs = append(errs, m)
	}
	if errs != nil {
		return nil, nil, errors.Join(errs...)
	}
	return f, r, nil
}

// decode reads the single document of a file.
func decode(path string, text []byte) (*yaml.Node, error) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := in.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, notYAML(path, err)
	}
	if err := in.Decode(&more); err == nil {
		return nil, &Mistake{File: path, Line: more.Line, Reason: "more than one document: remove the second"}
	} else if !errors.Is(err, io.EOF) {
		return nil, notYAML(path, err)
	}
	if len(document.Content) == 0 {
		return nil, &Mistake{File: path, Line: 1, Reason: "the file is empty: latchkey init writes a new one"}
	}
	return document.Content[0], nil
}

// notYAML reports the line of a syntax error, if the parser knows it.
func notYAML(path string, err error) error {
	var at *yaml.LoadError
	if errors.As(err, &at) && at.Mark.Line > 0 {
		return &Mistake{File: path, Line: at.Mark.Line, Reason: "not YAML: " + at.Message}
	}
	return fmt.Errorf("%s: not YAML: %w", path, err)
}
