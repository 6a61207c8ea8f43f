// Package kickstart reads FusionAuth's kickstart files, which set up a new identity provider.
package kickstart

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A File is a kickstart file with all variables filled in.
type File struct {
	DefaultTenantID string // the variable of that name; empty: none
	APIKeys         []APIKey
	Requests        []Request
}

// An APIKey is one of the file.
type APIKey struct {
	Key         string `json:"key"`
	Description string `json:"description"`
	TenantID    string `json:"tenantId"`
	Permissions struct {
		Endpoints map[string][]string `json:"endpoints"`
	} `json:"permissions"`
}

// A Request is sent to the provider, in the order of the file.
type Request struct {
	Method   string          `json:"method"`
	URL      string          `json:"url"` // a path, perhaps with a query
	TenantID string          `json:"tenantId"`
	Body     json.RawMessage `json:"body"`
}

// FusionAuth's own application. Files register administrators for it.
const applicationID = "3c219e58-ed0e-4b18-ad48-f4f92793ae32"

// Read reads a file. Included files are looked for in its directory. The error says where it is and
// what is wrong.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(text, os.DirFS(filepath.Dir(path)).(filler), os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// A filler returns the content of an included file.
type filler interface {
	ReadFile(name string) ([]byte, error)
}

// Parse is Read for a text.
func Parse(text []byte, files filler, env func(string) (string, bool)) (*File, error) {
	var raw struct {
		Variables map[string]string `json:"variables"`
		APIKeys   []json.RawMessage `json:"apiKeys"`
		Requests  []json.RawMessage `json:"requests"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("not the JSON of a kickstart file: %w", err)
	}
	p := &parser{files: files, env: env, variables: map[string]string{"FUSIONAUTH_APPLICATION_ID": applicationID}}
	for _, name := range slices.Sorted(maps.Keys(raw.Variables)) { // a variable may use those that precede it in the alphabet
		value, err := p.fill(raw.Variables[name])
		if err != nil {
			return nil, fmt.Errorf("variables.%s: %w", name, err)
		}
		p.variables[name] = value
	}
	f := &File{DefaultTenantID: p.variables["defaultTenantId"]}
	for i, text := range raw.APIKeys {
		var key APIKey
		if err := p.decode(text, &key); err != nil {
			return nil, fmt.Errorf("apiKeys[%d]: %w", i, err)
		}
		f.APIKeys = append(f.APIKeys, key)
	}
	if len(f.APIKeys) == 0 {
		return nil, fmt.Errorf("apiKeys: empty: the requests need at least one")
	}
	for i, text := range raw.Requests {
		var request Request
		err := p.decode(text, &request)
		if err == nil {
			err = request.check()
		}
		if err != nil {
			return nil, fmt.Errorf("requests[%d]: %w", i, err)
		}
		f.Requests = append(f.Requests, request)
	}
	return f, nil
}

func (r Request) check() error {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return fmt.Errorf("method %q: want POST, PUT, PATCH or DELETE", r.Method)
	}
	if !strings.HasPrefix(r.URL, "/api/") {
		return fmt.Errorf("url %q: want a path, such as /api/user", r.URL)
	}
	return nil
}

type parser struct {
	files     filler
	env       func(string) (string, bool)
	variables map[string]string
}

// decode fills in the strings of a JSON value, and decodes it.
func (p *parser) decode(text []byte, into any) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	value, err := p.fillAll(value)
	if err != nil {
		return err
	}
	filled, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(filled, into)
}

func (p *parser) fillAll(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case string:
		if name, included := included(v, "@{"); included {
			return p.object(name)
		}
		return p.fill(v)
	case []any:
		for i := range v {
			if v[i], err = p.fillAll(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = p.fillAll(v[name]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// included returns the name of the file that a string stands for.
func included(s, mark string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(s, mark)
	name, closed := strings.CutSuffix(rest, "}")
	return name, ok && closed
}

func (p *parser) object(name string) (any, error) {
	text, err := p.files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s, isText := value.(string); isText {
		return p.fill(s) // not a file of its own, or it could include itself
	}
	return p.fillAll(value)
}

var place = regexp.MustCompile(`#\{([^{}]*)\}`)

// fill replaces #{name}, #{ENV.NAME} and #{UUID()} in a string, or a whole string &{name} by the
// content of that file.
func (p *parser) fill(s string) (string, error) {
	if name, ok := included(s, "&{"); ok {
		text, err := p.files.ReadFile(name)
		return string(text), err
	}
	var wrong error
	filled := place.ReplaceAllStringFunc(s, func(text string) string {
		name := strings.TrimSpace(text[2 : len(text)-1])
		if name == "UUID()" {
			return uuid.NewString()
		}
		if variable, isEnv := strings.CutPrefix(name, "ENV."); isEnv {
			value, set := p.env(variable)
			if !set {
				wrong = fmt.Errorf("the environment variable %s is not set", variable)
			}
			return value
		}
		value, known := p.variables[name]
		if !known {
			wrong = fmt.Errorf("no variable %q", name)
		}
		return value
	})
	return filled, wrong
}
