package configfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"
)

// A reader walks the document and collects every mistake.
type reader struct {
	path     string // for messages
	dir      string // of the file, absolute
	env      func(string) (string, bool)
	needs    func(key string) bool // whether the value of a key is needed; variables and files of others may be missing
	mistakes []*Mistake
	lines    map[string]int  // of the keys that are in the file
	meant    map[string]bool // keys that were probably meant by an unknown one
	unread   map[string]bool // keys without a known value: it is invalid, or not needed
	known    map[string]bool // keys that the file may have, as far as it was read
	secrets  []string        // keys whose secret is in the file itself

	secretFiles []string // names of files that hold one
}

// fields maps each key of a mapping to what reads its value.
type fields map[string]func(key string, n *yaml.Node)

func (r *reader) mapping(prefix string, n *yaml.Node, known fields) {
	for name := range known {
		r.known[strings.TrimPrefix(index.ReplaceAllString(prefix, "")+"."+name, ".")] = true
	}
	n = resolve(n)
	if r.foreign(prefix, n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.mistake(prefix, n, "write keys and values below it, such as "+slices.Sorted(maps.Keys(known))[0]+": …")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := strings.TrimPrefix(prefix+"."+name.Value, ".")
		read, ok := known[name.Value]
		switch {
		case !ok:
			meant := nearest(name.Value, known)
			if meant != "" {
				r.meant[strings.TrimPrefix(prefix+"."+meant, ".")] = true
			}
			r.mistake(key, name, unknown(meant, known))
		case seen[name.Value]:
			r.mistake(key, name, "duplicate key: leave one of the two out")
		case seen[strings.TrimSuffix(name.Value, "_file")] || seen[name.Value+"_file"]:
			r.mistake(key, name, "set both with and without _file: leave one of the two out")
		default:
			r.lines[key] = name.Line
			read(key, value)
		}
		seen[name.Value] = true
	}
}

func (r *reader) sequence(key string, n *yaml.Node, each func(key string, n *yaml.Node)) {
	n = resolve(n)
	if r.foreign(key, n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.mistake(key, n, "write a list: each entry on a line of its own that begins with \"- \"")
		return
	}
	for i, item := range n.Content {
		entry := fmt.Sprintf("%s[%d]", key, i)
		r.lines[entry] = item.Line
		each(entry, item)
	}
}

func (r *reader) texts(into *[]string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		*into = []string{}
		r.sequence(key, n, func(key string, n *yaml.Node) {
			item := ""
			r.text(&item)(key, n)
			*into = append(*into, item)
		})
	}
}

func (r *reader) beside(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// foreign refuses a tag, such as !secret or !include, which other programs would not read as plain
// text.
func (r *reader) foreign(key string, n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 || slices.Contains(plainTags, n.ShortTag()) {
		return false
	}
	r.mistake(key, n, n.Tag+" is not supported: write the value itself, or ${NAME} for an environment variable")
	return true
}

var plainTags = []string{"!!str", "!!bool", "!!int", "!!float", "!!null", "!!seq", "!!map"}

func newUUID() string { return uuid.NewString() }
