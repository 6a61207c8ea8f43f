package cookie

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// What is inside the box was ours once, but an older or newer program may have written it.
func FuzzRefreshContent(f *testing.F) {
	refreshes := NewRefreshes(newKeys(), "store", "store.test")
	f.Add([]byte{1, 1, 0, 0, 0, 3})
	f.Add([]byte{})
	f.Add(refreshLayout.Append([]byte{refreshVersion}, &Content{UserID: "u1", Token: "secret", Unknown: "\x2e\x00"}, "\x2e\x00"))
	f.Add(refreshLayout.Append([]byte{refreshVersion}, &Content{PublicKey: make([]byte, 64), BoundAt: time.UnixMilli(1893456000000)}, ""))
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

// A refresh cookie is keyed once its session is bound, not while the key is only registered. To a
// program that does not know the field, a keyed one is of a session that it must not serve.
func TestRefreshes_keyed(t *testing.T) {
	refreshes := NewRefreshes(newKeys(), "store", "store.test")
	key := bytes.Repeat([]byte{4}, 64)
	for _, c := range []struct {
		content Content
		keyed   bool
	}{
		{Content{UserID: "u1"}, false},
		{Content{UserID: "u1", PublicKey: key}, false},
		{Content{UserID: "u1", PublicKey: key, BoundAt: time.UnixMilli(1893456000000).UTC()}, true},
	} {
		want := c.content
		want.Keyed = c.keyed
		if got, ok := refreshes.Parse(refreshes.Format(c.content)); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, ok, want)
		}
	}
	before := refreshLayout[:len(refreshLayout)-1]
	unknown, err := before.Read(refreshLayout.Append(nil, &Content{BoundAt: time.UnixMilli(1)}, ""), &Content{})
	if err != nil || unknown.Critical() != packed.TagBoundAt {
		t.Errorf("a program of before may serve it: %v, %v", unknown.Critical(), err)
	}
}
