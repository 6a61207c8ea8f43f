package configfile

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Mistake is one error in a file.
type Mistake struct {
	File   string
	Line   int
	Key    string // such as "apps[0].host"; may be empty
	Reason string
}

// Error says where the error is, and what to write instead.
func (m *Mistake) Error() string {
	if m.Key == "" {
		return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", m.File, m.Line, m.Key, m.Reason)
}

// Mistake returns a mistake about a key, such as "apps[0].spa", that is found only when the key is
// used.
func (f *File) Mistake(key, reason string) error {
	return &Mistake{File: f.path, Line: lineOf(f.lines, key), Key: key, Reason: reason}
}

// Says reports whether a key is in the file.
func (f *File) Says(key string) bool {
	_, ok := f.lines[key]
	return ok
}

func (r *reader) mistake(key string, n *yaml.Node, reason string) {
	r.mistakes = append(r.mistakes, &Mistake{r.path, n.Line, key, reason})
	r.unread[key] = true
}

// wrong reports a mistake that is found after the value was read.
func (r *reader) wrong(key, reason string) {
	r.mistakes = append(r.mistakes, &Mistake{r.path, lineOf(r.lines, key), key, reason})
	r.unread[key] = true
}

// lineOf returns the line of a key or, if it is not in the file, of the mapping that it belongs to.
func lineOf(lines map[string]int, key string) int {
	for key != "" {
		if line, ok := lines[key]; ok {
			return line
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return lines[""]
}

func (r *reader) there(key string) bool {
	_, ok := r.lines[key]
	return ok
}

// missing reports whether a key is not in the file at all: neither itself, nor with _file, nor
// misspelled.
func (r *reader) missing(key string) bool {
	return !r.there(key) && !r.there(key+"_file") && !r.meant[key] && !r.meant[key+"_file"]
}

// read reports whether the value of a key is in the file and valid. If not, the mistake has been
// reported.
func (r *reader) read(key string) bool { return r.there(key) && !r.unread[key] }
