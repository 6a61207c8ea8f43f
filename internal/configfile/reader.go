package configfile

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
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
	mistakes []error
}

// fields say what reads the value of each key that may stand in a mapping.
type fields map[string]func(key string, n *yaml.Node)

func (r *reader) mistake(key string, n *yaml.Node, reason string) {
	r.mistakes = append(r.mistakes, &Mistake{r.path, n.Line, key, reason})
}

func (r *reader) mapping(prefix string, n *yaml.Node, known fields) {
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
			r.mistake(key, name, unknown(name.Value, known))
		case seen[name.Value]:
			r.mistake(key, name, "stands there twice: leave one of the two out")
		case seen[strings.TrimSuffix(name.Value, "_file")] || seen[name.Value+"_file"]:
			r.mistake(key, name, "stands there with and without _file: leave one of the two out")
		default:
			read(key, value)
		}
		seen[name.Value] = true
	}
}

// unknown says what may have been meant.
func unknown(name string, known fields) string {
	names := slices.Sorted(maps.Keys(known))
	best, least := "", 3
	for _, candidate := range names {
		if d := distance(strings.ToLower(strings.ReplaceAll(name, "-", "_")), candidate); d < least {
			best, least = candidate, d
		}
	}
	if best != "" {
		return "unknown key: write " + best
	}
	return "unknown key: there is " + strings.Join(names, ", ")
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
		each(fmt.Sprintf("%s[%d]", key, i), item)
	}
}

// text reads a value with ${NAME} in it. What comes from the environment is text and nothing more: it cannot become YAML.
func (r *reader) text(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		n = resolve(n)
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			r.mistake(key, n, "write one value after it, or leave the key out")
			return
		}
		*into = variable.ReplaceAllStringFunc(n.Value, func(found string) string {
			if strings.HasPrefix(found, "$$") {
				return found[1:]
			}
			name := found[2 : len(found)-1]
			value, ok := r.env(name)
			if !ok {
				r.mistake(key, n, "the environment variable "+name+" is not set (for the letters themselves write $${"+name+"})")
			}
			return value
		})
	}
}

var variable = regexp.MustCompile(`\$?\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

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

// pairs reads a mapping in which any key may stand.
func (r *reader) pairs(into *map[string]string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		*into = make(map[string]string)
		if n = resolve(n); n.Kind != yaml.MappingNode {
			r.mistake(key, n, "write names and values below it")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			value := ""
			r.text(&value)(key+"."+n.Content[i].Value, n.Content[i+1])
			(*into)[n.Content[i].Value] = value
		}
	}
}

func (r *reader) boolean(into *bool) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		r.text(&text)(key, n)
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
		r.text(&text)(key, n)
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
		r.text(&text)(key, n)
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
		r.text(&text)(key, n)
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
		r.text(into)(key, n)
		_, port, err := net.SplitHostPort(*into)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			r.mistake(key, n, fmt.Sprintf("%q: write an address and a port, such as 127.0.0.1:8080, or :443 for every address", *into))
		}
	}
}

func (r *reader) httpURL(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		before := len(r.mistakes)
		r.text(into)(key, n)
		u, err := url.Parse(*into)
		if len(r.mistakes) == before && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
			r.mistake(key, n, "write a URL, such as http://127.0.0.1:3000 or https://host.example.com")
		}
	}
}

// fileName reads the name of a file or directory, which is meant from where the configuration is.
func (r *reader) fileName(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.text(into)(key, n)
		*into = r.beside(*into)
	}
}

// secretFile reads the secret that a file holds, without the end of its line.
func (r *reader) secretFile(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		name := ""
		r.fileName(&name)(key, n)
		content, err := os.ReadFile(name)
		if err != nil {
			r.mistake(key, n, "the file cannot be read: "+err.Error())
			return
		}
		if *into = strings.TrimRight(string(content), "\r\n"); *into == "" {
			r.mistake(key, n, name+" is empty")
		}
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
