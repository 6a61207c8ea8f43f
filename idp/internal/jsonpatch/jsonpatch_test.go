package jsonpatch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

func TestApply_kinds(t *testing.T) {
	const current = `{"a":"b","c":{"d":[1,2],"e":"f"},"big":9007199254740993}`
	for _, c := range []struct{ mediaType, patch, want string }{
		{jsonpatch.Plain, `{"x":{"a":null,"c":{"d":[3],"g":{"h":null}}}}`, `{"c":{"d":[1,2,3],"e":"f","g":{}},"big":9007199254740993}`},
		{"", `{}`, `{"a":"b","c":{"d":[1,2],"e":"f"},"big":9007199254740993}`},
		{jsonpatch.Merge, `{"x":{"a":"z","c":{"d":[3],"e":null}}}`, `{"a":"z","c":{"d":[3]},"big":9007199254740993}`},
		{jsonpatch.Merge, `{"x":{"c":"g"}}`, `{"a":"b","c":"g","big":9007199254740993}`},
		{jsonpatch.Merge, `[]`, `[invalidJSON]`},
		{jsonpatch.Merge, `{"x":{"a":1,"a":2}}`, `[invalidJSON]`},
		{jsonpatch.Patch, `[{"op":"test","path":"/x/a","value":"b"},{"op":"add","path":"/x/c/d/1","value":9},{"op":"remove","path":"/x/a"}]`, `{"c":{"d":[1,9,2],"e":"f"},"big":9007199254740993}`},
		{jsonpatch.Patch, `[{"op":"add","path":"/x/c/d/-","value":3},{"op":"move","from":"/x/c/e","path":"/x/a"},{"op":"copy","from":"/x/a","path":"/x/h"}]`, `{"a":"f","c":{"d":[1,2,3]},"h":"f","big":9007199254740993}`},
		{jsonpatch.Patch, `[{"op":"replace","path":"/x/a","value":"z"},{"op":"test","path":"/x/a","value":"b"}]`, `[patchTestFailed]`},
		{jsonpatch.Patch, `[{"op":"remove","path":"/x/none"}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"add","path":"/x/c/d/-1","value":1}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"add","path":"/x/none/deep","value":1}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"frob","path":"/x"}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `{}`, `[invalidJSON]`},
		{jsonpatch.Patch, `[{"op":"add","path":"/x/n","value":"` + strings.Repeat("n", 10_000) + `"}` + strings.Repeat(`,{"op":"copy","from":"/x","path":"/x/n"}`, 30) + `]`, `[invalidPatch]`},
		{"text/plain", `{}`, fusion.ErrMediaType.Error()},
		{jsonpatch.Plain, ` null`, `[invalidJSON]`},
		{jsonpatch.Merge, `null`, `[invalidJSON]`},
		{jsonpatch.Patch, `null`, `[invalidJSON]`},
		{jsonpatch.Plain, `{"x":null}`, `[invalidPatch]`},
		{jsonpatch.Merge, `{"x":null}`, `[invalidPatch]`},
		{jsonpatch.Merge, `{"x":[]}`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"remove","path":"/x"}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"replace","path":"","value":null}]`, `[invalidPatch]`},
		{jsonpatch.Patch, `[{"op":"replace","path":"","value":{}}]`, `[invalidPatch]`},
	} {
		text, err := jsonpatch.Apply(c.mediaType, []byte(c.patch), "x", jsontext.Value(current))
		var bad fusion.ValidationError
		switch {
		case errors.As(err, &bad):
			text = []byte(bad[0].Code())
		case err != nil:
			text = []byte(err.Error())
		default:
			text = canonical(t, text)
			c.want = string(canonical(t, []byte(`{"x":`+c.want+`}`)))
		}
		if string(text) != c.want {
			t.Errorf("%s %.200s:\n%s, want\n%s", c.mediaType, c.patch, text, c.want)
		}
	}
}

// canonical sorts the members, and leaves numbers as they are.
func canonical(t *testing.T, text []byte) []byte {
	t.Helper()
	v := jsontext.Value(text)
	if err := v.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzApply: whatever the patch, it is refused as the request's fault, or what comes of it is JSON
// that is not much larger than what there was.
func FuzzApply(f *testing.F) {
	f.Add(jsonpatch.Plain, `{"user":{"data":{"a":[1]}}}`)
	f.Add(jsonpatch.Merge, `{"user":{"preferredLanguages":null}}`)
	f.Add(jsonpatch.Patch, `[{"op":"replace","path":"/user/preferredLanguages","value":null},{"op":"test","path":"/user/preferredLanguages","value":[]}]`)
	f.Add(jsonpatch.Patch, `[{"op":"copy","from":"/user","path":"/user/data/x"},{"op":"test","path":"/user/data","value":null}]`)
	f.Add(jsonpatch.Patch, `[{"op":"move","from":"/user","path":"/user/data"},{"op":"add","path":"","value":[]},{"op":"remove"}]`)
	current := jsontext.Value(`{"id":"00000000-0000-4000-8000-000000000001","email":"ada@example.com","preferredLanguages":["en"],"data":{},"registrations":[]}`)
	f.Fuzz(func(t *testing.T, mediaType, patch string) {
		if len(patch) > fusion.MaxBody {
			t.Skip()
		}
		text, err := jsonpatch.Apply(mediaType, []byte(patch), "user", current)
		if err != nil {
			if bad := (fusion.ValidationError)(nil); !errors.As(err, &bad) && !errors.Is(err, fusion.ErrMediaType) {
				t.Errorf("%v", err)
			}
			return
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil || len(text) > 4*fusion.MaxBody {
			t.Errorf("%d bytes, %v", len(text), err)
		}
	})
}
