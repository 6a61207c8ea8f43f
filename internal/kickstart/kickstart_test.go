package kickstart

import (
	"strings"
	"testing"
	"testing/fstest"
)

var files = fstest.MapFS{
	"json/app.json": {Data: []byte(`{"application":{"name":"#{name}"}}`)},
	"text.txt":      {Data: []byte("two\nlines")},
	"self.json":     {Data: []byte(`{"a":"@{self.json}"}`)},
}

func env(name string) (string, bool) { return "from the environment", name == "SECRET" }

func TestParse(t *testing.T) {
	f, err := Parse([]byte(`{
		"variables": {"apiKey": "#{ENV.SECRET}", "defaultTenantId": "30663132-6464-6665-3032-326466613934", "id": "#{UUID()}", "name": "shop"},
		"apiKeys": [{"key": "#{apiKey}", "permissions": {"endpoints": {"/api/user": ["GET"]}}}],
		"requests": [
			{"method": "POST", "url": "/api/application/#{id}", "body": "@{json/app.json}"},
			{"method": "PATCH", "url": "/api/user/#{id}", "tenantId": "#{defaultTenantId}", "body": {"user": {"data": {"text": "&{text.txt}", "list": ["#{name}", 1, null]}}}}
		]
	}`), files, env)
	if err != nil {
		t.Fatal(err)
	}
	first, second := f.Requests[0], f.Requests[1]
	id := strings.TrimPrefix(first.URL, "/api/application/")
	if f.DefaultTenantID == "" || f.APIKeys[0].Key != "from the environment" || f.APIKeys[0].Permissions.Endpoints["/api/user"][0] != "GET" || len(id) != 36 || second.URL != "/api/user/"+id ||
		string(first.Body) != `{"application":{"name":"shop"}}` || string(second.Body) != `{"user":{"data":{"list":["shop",1,null],"text":"two\nlines"}}}` || second.TenantID != f.DefaultTenantID {
		t.Errorf("%+v\n%s\n%s", f, first.Body, second.Body)
	}
}

func TestParseRefuses(t *testing.T) {
	const key = `"apiKeys": [{"key": "k"}]`
	for text, want := range map[string]string{
		`[]`:                                    "not the JSON of a kickstart file",
		`{}`:                                    "apiKeys: empty",
		`{"variables": {"a": "#{b}"}}`:          `variables.a: no variable "b"`,
		`{"apiKeys": [{"key": "#{ENV.NONE}"}]}`: "apiKeys[0]: the environment variable NONE is not set",
		`{` + key + `, "requests": [{"method": "GET", "url": "/api/user"}]}`:                       `requests[0]: method "GET"`,
		`{` + key + `, "requests": [{"method": "POST", "url": "http://elsewhere/api/user"}]}`:      "requests[0]: url",
		`{` + key + `, "requests": [{"method": "POST", "url": "/api/x", "body": "@{none.json}"}]}`: "requests[0]: open none.json",
		`{` + key + `, "requests": [{"method": "POST", "url": "/api/x", "body": "@{text.txt}"}]}`:  "requests[0]: text.txt: ",
	} {
		if _, err := Parse([]byte(text), files, env); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"variables":{"a":"#{UUID()}"},"apiKeys":[{"key":"#{a}"}],"requests":[{"method":"POST","url":"/api/#{a}","body":"@{json/app.json}"}]}`))
	f.Add([]byte(`{"apiKeys":[{"key":"#{#{a}}"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text, files, env)
		if err == nil && len(file.APIKeys) == 0 {
			t.Error("no key and no error")
		}
	})
}
