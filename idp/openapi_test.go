package idp_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// openAPI is docs/openapi.yaml, with every schema of it compiled.
type openAPI struct {
	root     any
	paths    *http.ServeMux
	schemas  map[string]*jsonschema.Schema
	answered sync.Map // operation ids that were seen to succeed
}

// document is read once, for all tests.
var document = sync.OnceValues(readDocument)

const documentURL = "https://latchkey.test/openapi.json"

func readDocument() (*openAPI, error) {
	text, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	text, err = json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	root, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	d := &openAPI{root: root, paths: http.NewServeMux(), schemas: map[string]*jsonschema.Schema{}}
	for path := range d.at("paths").(map[string]any) {
		d.paths.Handle(path, http.NotFoundHandler())
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, root); err != nil {
		return nil, err
	}
	return d, d.compile(compiler, root, "")
}

// compile compiles what stands under the name schema, and all in components.
func (d *openAPI) compile(c *jsonschema.Compiler, node any, pointer string) error {
	members, _ := node.(map[string]any)
	for name, value := range members {
		at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		if name != "schema" && pointer != "/components/schemas" {
			if err := d.compile(c, value, at); err != nil {
				return err
			}
			continue
		}
		s, err := c.Compile(documentURL + "#" + (&url.URL{Path: at}).EscapedPath())
		if err != nil {
			return err
		}
		d.schemas[at] = s
	}
	return nil
}

// at returns what stands at a place in the document, nil where nothing does.
func (d *openAPI) at(names ...string) any {
	node := d.root
	for _, name := range names {
		members, _ := node.(map[string]any)
		node = members[name]
	}
	return node
}

// operation returns the path and the member of the document for a request, or "".
func (d *openAPI) operation(method, target string) (path, member string) {
	r := httptest.NewRequest("GET", target, nil)
	_, path = d.paths.Handler(r)
	if method == "HEAD" {
		return "", ""
	}
	return path, strings.ToLower(method)
}

// check holds an answer to the document: its status is one of the operation's, and the body is what
// the document says of that status.
func (d *openAPI) check(method, target, requestType, request string, a answer) error {
	path, member := d.operation(method, target)
	operation, known := d.at("paths", path, member).(map[string]any)
	if !known {
		if slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, a.status) || method == "HEAD" {
			return nil
		}
		return fmt.Errorf("the document does not have this operation, and the answer is %d", a.status)
	}
	status := strconv.Itoa(a.status)
	names := []string{"paths", path, member, "responses", status}
	if ref, ok := d.at(append(names, "$ref")...).(string); ok {
		names = strings.Split(ref, "/")[1:]
	}
	if d.at(names...) == nil {
		return fmt.Errorf("the document does not have status %s", status)
	}
	if a.status < 300 {
		d.answered.Store(operation["operationId"], true)
	}
	if a.body == "" {
		if a.status < 300 && d.at(append(names, "content")...) != nil && !mayBeEmpty(d.at(names...)) {
			return fmt.Errorf("the document has a body for status %s, and there is none", status)
		}
		return nil
	}
	if err := d.validate(a.body, append(names, "content", "application/json", "schema")...); err != nil {
		return fmt.Errorf("body of status %s: %w", status, err)
	}
	if mediaType, _, _ := strings.Cut(requestType, ";"); a.status < 300 && request != "" && strings.HasSuffix(mediaType, "json") {
		if err := d.validate(request, "paths", path, member, "requestBody", "content", mediaType, "schema"); err != nil {
			return fmt.Errorf("the request was taken, and the document does not allow it: %w", err)
		}
	}
	return nil
}

// mayBeEmpty: the description says so, because OpenAPI has no word for it.
func mayBeEmpty(response any) bool {
	description, _ := response.(map[string]any)["description"].(string)
	return strings.Contains(description, "nothing in the body")
}

func (d *openAPI) validate(body string, names ...string) error {
	pointer := ""
	for _, name := range names {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	schema := d.schemas[pointer]
	if schema == nil {
		return fmt.Errorf("the document has no schema at %s", pointer)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// documented is check for the answers of all tests.
func documented(t testing.TB, method, target, requestType, request string, a answer) {
	t.Helper()
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.check(method, target, requestType, request, a); err != nil {
		t.Errorf("%s %s: docs/openapi.yaml: %v", method, target, err)
	}
}

// suite is the tests of this package, and that together they had an answer with success from each
// operation of the document.
type suite struct{ *testing.M }

func (s suite) Run() int {
	code := s.M.Run()
	for _, name := range []string{"run", "skip", "list", "fuzz"} {
		if f := flag.Lookup("test." + name); f.Value.String() != "" {
			return code // these are not all of them
		}
	}
	d, err := document()
	if err != nil {
		return 1 // a test has said so
	}
	for path, item := range d.at("paths").(map[string]any) {
		for member := range item.(map[string]any) {
			id, isOperation := d.at("paths", path, member, "operationId").(string)
			if _, answered := d.answered.Load(id); isOperation && !answered {
				fmt.Printf("FAIL: no test has had success with %s (%s %s)\n", id, strings.ToUpper(member), path)
				code = 1
			}
		}
	}
	return code
}

// TestOpenAPI: the document is one, by OpenAPI's own schema.
func TestOpenAPI(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("testdata/openapi-3.1.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(d.root); err != nil {
		t.Error(err)
	}
	ids := map[any]string{}
	for path, item := range d.at("paths").(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if method == "parameters" {
				continue
			}
			id := operation.(map[string]any)["operationId"]
			if ids[id] != "" {
				t.Errorf("%v is the id of %s, too", id, ids[id])
			}
			ids[id] = method + " " + path
			for status := range d.at("paths", path, method, "responses").(map[string]any) {
				ref, _ := d.at("paths", path, method, "responses", status, "$ref").(string)
				if ref != "" && d.at(strings.Split(ref, "/")[1:]...) == nil {
					t.Errorf("%s %s: %s leads nowhere", method, path, ref)
				}
			}
		}
	}
}

// TestOpenAPICheckFails: what holds the answers to the document can tell a wrong one.
func TestOpenAPICheckFails(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
	}{
		"right":           {"GET", "/api/status", 200, `{"status":"ok"}`},
		"another status":  {"GET", "/api/status", 418, ""},
		"another body":    {"GET", "/api/status", 200, `{"status":"well"}`},
		"a new member":    {"GET", "/api/status", 200, `{"status":"ok","version":"1"}`},
		"no body":         {"GET", "/api/status", 200, ""},
		"an unasked body": {"GET", "/api/health", 200, `{}`},
		"another path":    {"GET", "/api/stati", 200, `{}`},
		"another method":  {"BREW", "/api/status", 200, ""},
		"an error's form": {"POST", "/api/login", 400, `{"fieldErrors":{"loginId":[{"code":"blank","message":"x"}]}}`},
		"an id's format":  {"POST", "/api/jwt/refresh", 200, `{"token":"x","refreshToken":"y","refreshTokenId":"z"}`},
	} {
		if err := d.check(c.method, c.path, "", "", answer{status: c.status, body: c.body}); (err == nil) != (name == "right") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
