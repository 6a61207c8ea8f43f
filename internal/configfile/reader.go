package configfile

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"
)

// A reader walks the document and collects every mistake.
type reader struct {
	path     string // as it is named in messages
	dir      string // of the file, absolute
	env      func(string) (string, bool)
	needs    func(key string) bool // whether the value of a key will be used; variables and files of others may be missing
	mistakes []*Mistake
	lines    map[string]int  // of the keys that are in the file
	meant    map[string]bool // keys that an unknown one probably stands for
	unread   map[string]bool // keys whose value is not known: it is wrong, or not needed
	known    map[string]bool // keys that could be in the file, as far as it was read
	secrets  []string        // keys whose secret stands in the file itself

	secretFiles []string // names of files that hold one
}

// fields say what reads the value of each key that may stand in a mapping.
type fields map[string]func(key string, n *yaml.Node)

func (r *reader) mistake(key string, n *yaml.Node, reason string) {
	r.mistakes = append(r.mistakes, &Mistake{r.path, n.Line, key, reason})
	r.unread[key] = true
}

// wrong is mistake for what shows only after the value is read.
func (r *reader) wrong(key, reason string) {
	r.mistakes = append(r.mistakes, &Mistake{r.path, lineOf(r.lines, key), key, reason})
	r.unread[key] = true
}

// lineOf returns the line of a key or, where it is not in the file, of what it would be in.
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

// missing reports whether a key is in the file neither as it should be, nor as a file, nor misspelled.
func (r *reader) missing(key string) bool {
	return !r.there(key) && !r.there(key+"_file") && !r.meant[key] && !r.meant[key+"_file"]
}

// read reports whether the value of a key is in the file, and could be read: otherwise all has been said.
func (r *reader) read(key string) bool { return r.there(key) && !r.unread[key] }

func (r *reader) mapping(prefix string, n *yaml.Node, known fields) {
	for name := range known {
		r.known[strings.TrimPrefix(index.ReplaceAllString(prefix, "")+"."+name, ".")] = true
	}
	n = resolve(n)
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
			r.mistake(key, name, "stands there twice: leave one of the two out")
		case seen[strings.TrimSuffix(name.Value, "_file")] || seen[name.Value+"_file"]:
			r.mistake(key, name, "stands there with and without _file: leave one of the two out")
		default:
			r.lines[key] = name.Line
			read(key, value)
		}
		seen[name.Value] = true
	}
}

// nearest is the key that was probably meant, or empty.
func nearest(name string, known fields) (best string) {
	least := 3
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if d := distance(strings.ToLower(strings.ReplaceAll(name, "-", "_")), candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

func unknown(meant string, known fields) string {
	if meant != "" {
		return "unknown key: write " + meant
	}
	return "unknown key: there is " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// distance is Levenshtein's: how many letters are to be changed, added or left out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (r *reader) sequence(key string, n *yaml.Node, each func(key string, n *yaml.Node)) {
	n = resolve(n)
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

// pairs reads a mapping in which any key may stand, with any value.
func (r *reader) pairs(into *map[string]string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		*into = make(map[string]string)
		if n = resolve(n); n.Kind != yaml.MappingNode {
			r.mistake(key, n, "write names and values below it")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], ""
			r.lines[key+"."+name.Value] = name.Line
			r.anyText(&value)(key+"."+name.Value, n.Content[i+1])
			(*into)[name.Value] = value
		}
	}
}

func (r *reader) boolean(into *bool) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		switch text {
		case "true", "false":
			*into = text == "true"
		default:
			r.mistake(key, n, fmt.Sprintf("%q: write true or false", text))
		}
	}
}

func (r *reader) duration(into *time.Duration) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		number, days := strings.CutSuffix(text, "d")
		if count, err := strconv.ParseUint(number, 10, 16); days && err == nil {
			*into = time.Duration(count) * 24 * time.Hour
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			r.mistake(key, n, fmt.Sprintf("%q: write a time, such as 30m, 1h or 30d", text))
		}
		*into = d
	}
}

var units = map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 1e3, "MB": 1e6, "GB": 1e9}

func (r *reader) size(into *int64) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		digits := strings.TrimRight(text, "BKMGi ")
		count, err := strconv.ParseInt(digits, 10, 64)
		unit, ok := units[strings.TrimSpace(text[len(digits):])]
		if err != nil || !ok || count <= 0 || count > math.MaxInt64/unit {
			r.mistake(key, n, fmt.Sprintf("%q: write a size, such as 10MiB", text))
			return
		}
		*into = count * unit
	}
}

func (r *reader) count(into *int) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 {
			r.mistake(key, n, fmt.Sprintf("%q: write a number of at least 1, such as 100000", text))
			return
		}
		*into = count
	}
}

func (r *reader) address(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		_, port, err := net.SplitHostPort(*into)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			r.mistake(key, n, fmt.Sprintf("%q: write an address and a port, such as 127.0.0.1:8080, or :443 for every address", *into))
		}
	}
}

func (r *reader) httpURL(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		u, err := url.Parse(*into)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			r.mistake(key, n, "write a URL, such as http://127.0.0.1:3000 or https://host.example.com")
		}
	}
}

// uuid reads a UUID in its usual form, and makes it lower case, as providers write it.
func (r *reader) uuid(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		id, err := uuid.Parse(*into)
		if err != nil || len(*into) != 36 {
			r.mistake(key, n, fmt.Sprintf("%q: write a UUID, such as %s (that one is fresh)", *into, newUUID()))
			return
		}
		*into = id.String()
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

func newUUID() string { return uuid.NewString() }
