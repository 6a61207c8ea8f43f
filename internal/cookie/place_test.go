package cookie

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// A place is where the cookies of a sample are valid.
type place struct {
	Origin, App, Keys string // Keys as in a key file of one key
}

func (p place) host(t *testing.T) string {
	origin, err := url.Parse(p.Origin)
	if err != nil {
		t.Fatal(err)
	}
	return origin.Host
}

// keys derives as the root package does.
func (p place) keys(t *testing.T) Keys {
	_, secret, _ := strings.Cut(strings.TrimSpace(p.Keys), ":")
	raw, err := Encoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	derive := func(purpose string, length int, parts ...string) []byte {
		info := []byte("latchkey/1")
		for _, part := range append([]string{purpose}, parts...) {
			info = packed.AppendString(info, part)
		}
		key, err := hkdf.Key(sha256.New, raw, nil, string(info), length)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	return Keys{{ID: binary.BigEndian.Uint32(derive("key id", 4)), Derive: derive}}
}
