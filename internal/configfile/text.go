package configfile

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// text reads a value with ${NAME} in it, which must not be empty or blank. Values of environment
// variables are plain text: they cannot become YAML. A line break at the end of the value, as files
// and shells add it, is removed.
func (r *reader) text(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.anyText(into)(key, n); !r.unread[key] && strings.TrimSpace(*into) == "" {
			r.mistake(key, n, "empty: write a value after it, or leave the key out")
		}
	}
}

// anyText is text that may be empty.
func (r *reader) anyText(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		n = resolve(n)
		if r.foreign(key, n) {
			return
		}
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
			r.mistake(key, n, "write one value after it, or leave the key out")
			return
		}
		*into = strings.TrimRight(r.expand(key, n), "\r\n")
		if reason := notText(*into); reason != "" && !r.unread[key] {
			r.mistake(key, n, "the value "+reason)
		}
	}
}

// notText says why a value is not a line of text; empty if it is.
func notText(value string) string {
	switch {
	case !utf8.ValidString(value):
		return "is not UTF-8"
	case strings.ContainsFunc(value, unicode.IsControl):
		return "has a line break or another control character in it"
	}
	return ""
}

var (
	reference = regexp.MustCompile(`\$?\$\{[^{}]*\}?`) // what looks like a variable, or the letters of one
	variable  = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)
	bare      = regexp.MustCompile(`^\$[A-Z][A-Z0-9_]*$`)
)

// hasVariable reports whether part of a value comes from the environment.
func hasVariable(value string) bool {
	return slices.ContainsFunc(reference.FindAllString(value, -1), variable.MatchString)
}

// expand replaces variables by their values. Malformed ones are an error: a secret must not be a
// text that everyone can read in the file.
func (r *reader) expand(key string, n *yaml.Node) string {
	if bare.MatchString(n.Value) {
		r.mistake(key, n, "write ${"+n.Value[1:]+"} for the environment variable")
	}
	return reference.ReplaceAllStringFunc(n.Value, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		if !variable.MatchString(found) {
			r.mistake(key, n, "only ${NAME} is an environment variable, with letters, digits and _ in its name and no default (for a literal ${ write $${)")
			return found
		}
		name := found[2 : len(found)-1]
		value, set := r.env(name)
		value = strings.TrimRight(value, "\r\n")
		switch {
		case value != "":
		case !r.needs(key):
			r.unread[key] = true
		case set:
			r.mistake(key, n, "the environment variable "+name+" is empty")
		default:
			r.mistake(key, n, "the environment variable "+name+" is not set (for a literal ${ write $${"+name+"})")
		}
		return value
	})
}

// secret is text that must stay private. If it is in the file itself, the file is secret too.
func (r *reader) secret(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); !hasVariable(resolve(n).Value) {
			r.secrets = append(r.secrets, key)
		}
	}
}

// secretURL is text that may have a password in it.
func (r *reader) secretURL(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.text(into)(key, n)
		for _, password := range passwordInURL.FindAllStringSubmatch(resolve(n).Value, -1) {
			if !hasVariable(password[1] + password[2]) {
				r.secrets = append(r.secrets, key)
			}
		}
	}
}

var passwordInURL = regexp.MustCompile(`://[^/@]*?:([^@]+)@|[?&][a-z]*password=([^&]+)`)

// fileName reads the name of a file or directory. A relative name starts from the directory of the
// configuration.
func (r *reader) fileName(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		r.text(into)(key, n)
		*into = r.beside(*into)
	}
}

// existingFile is fileName for a file that must be readable.
func (r *reader) existingFile(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.fileName(into)(key, n); r.unread[key] || !r.needs(key) {
			return
		}
		file, err := os.Open(*into)
		if err != nil {
			r.mistake(key, n, "cannot read the file: "+err.Error())
			return
		}
		file.Close()
	}
}

// secretFile reads the secret that a file holds, without a line break at the end and without a byte
// order mark. Only the owner may be able to read the file.
func (r *reader) secretFile(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		name := ""
		*into = strings.TrimRight(strings.TrimPrefix(r.content(key, n, &name), "\ufeff"), "\r\n")
		if r.unread[key] {
			return
		}
		r.secretFiles = append(r.secretFiles, name)
		if err := filemode.Secret(name); err != nil {
			r.mistake(key, n, err.Error())
		}
		switch reason := notText(*into); {
		case strings.TrimSpace(*into) == "":
			r.mistake(key, n, name+" is empty")
		case reason != "":
			r.mistake(key, n, name+" "+reason+": it must contain nothing but the secret")
		}
	}
}

// textFile reads the content of a file that is not secret.
func (r *reader) textFile(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		name := ""
		if *into = r.content(key, n, &name); *into == "" && !r.unread[key] {
			r.mistake(key, n, name+" is empty")
		}
	}
}

func (r *reader) content(key string, n *yaml.Node, name *string) string {
	if r.fileName(name)(key, n); r.unread[key] || !r.needs(key) {
		r.unread[key] = true
		return ""
	}
	content, err := os.ReadFile(*name)
	if err != nil {
		r.mistake(key, n, "cannot read the file: "+err.Error())
	}
	return string(content)
}
