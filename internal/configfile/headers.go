package configfile

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/net/http/httpguts"
)

// ofTheMessage are headers that the server sets by itself, or that affect more than the page.
var ofTheMessage = []string{"connection", "content-length", "keep-alive", "set-cookie", "trailer", "transfer-encoding", "upgrade"}

// headers reads names and values of headers of the page. An empty value removes a default header.
func (r *reader) headers(into *map[string]string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		*into = make(map[string]string)
		if n = resolve(n); r.foreign(key, n) {
			return
		}
		if n.Kind != yaml.MappingNode {
			r.mistake(key, n, "write names and values below it")
			return
		}
		seen := make(map[string]bool)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], ""
			below := key + "." + name.Value
			r.lines[below] = name.Line
			switch {
			case !httpguts.ValidHeaderFieldName(name.Value):
				r.mistake(below, name, fmt.Sprintf("%q is not the name of a header", name.Value))
			case slices.Contains(ofTheMessage, strings.ToLower(name.Value)):
				r.mistake(below, name, "a page cannot set this header: leave it out")
			case seen[strings.ToLower(name.Value)]:
				r.mistake(below, name, "duplicate key: leave one of the two out")
			}
			seen[strings.ToLower(name.Value)] = true
			r.headerValue(&value)(below, n.Content[i+1])
			(*into)[name.Value] = value
		}
	}
}

// headerValue is ASCII text, which all browsers read alike; it may be empty.
func (r *reader) headerValue(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.anyText(into)(key, n); r.unread[key] {
			return
		}
		if i := strings.IndexFunc(*into, func(c rune) bool { return c > '~' }); i >= 0 {
			r.mistake(key, n, fmt.Sprintf("%q is not ASCII: browsers would misread it", []rune((*into)[i:])[0]))
		}
	}
}
