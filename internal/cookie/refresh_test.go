package cookie

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// What is inside the box was ours once, but an older or newer program may have written it.
func FuzzRefreshContent(f *testing.F) {
	refreshes := NewRefreshes(newKeys(), "store", "store.test")
	f.Add([]byte{1, 1, 0, 0, 0, 3})
	f.Add([]byte{})
	f.Add(refreshLayout.Append([]byte{refreshVersion}, &Content{UserID: "u1", Token: "secret", Unknown: "\x2e\x00"}, "\x2e\x00"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		content, ok := parseContent([16]byte{1}, plain)
		if !ok {
			return
		}
		again, ok := refreshes.Parse(refreshes.Format(content))
		if len(plain) < MaxSize/2 && (!ok || !reflect.DeepEqual(again, content)) {
			t.Errorf("the content changes when it is written again:\n%+v\n%+v", content, again)
		}
		if plain[0] == refreshVersion && !bytes.Equal(refreshLayout.Append([]byte{refreshVersion}, &content, content.Unknown), plain) {
			t.Errorf("%x is not written again as it was", plain)
		}
	})
}

func TestToken_isNotPrinted(t *testing.T) {
	content := Content{Token: "provider-token"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, content); strings.Contains(text, "provider-token") {
			t.Errorf("%s prints the token: %s", format, text)
		}
	}
}
