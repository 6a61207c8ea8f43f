package refreshtoken_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
)

var key = refreshtoken.Key{1, 2, 3}

func TestValue(t *testing.T) {
	for _, want := range []refreshtoken.Token{
		{Family: uuid.New(), Counter: 1}, {Family: uuid.Max, Counter: 1<<32 - 1}, {},
	} {
		v := key.Value(want)
		if got, err := key.Parse(v); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", v, got, err, want)
		}
		if key.Value(want) != v {
			t.Error("one token has two values")
		}
		if len(v) != 71 {
			t.Errorf("%d characters, want 71", len(v))
		}
		other := refreshtoken.Key{9}
		if _, err := other.Parse(v); !errors.Is(err, refreshtoken.ErrForged) {
			t.Errorf("another key: %v", err)
		}
	}
}

// TestFormat keeps values that are in browsers' hands readable.
func TestFormat(t *testing.T) {
	const value = "AQAAAAAAAEAAgAAAAAAAAAEAAAAHd45KJSpidbZBBK6ZrUTEspOpKWmStO5h2KqBlg1F2QY"
	got, err := key.Parse(value)
	if want := (refreshtoken.Token{Family: uuid.MustParse("00000000-0000-4000-8000-000000000001"), Counter: 7}); err != nil || got != want {
		t.Errorf("Parse = %v, %v, want %v; its value is %s", got, err, want, key.Value(want))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(key.Value(refreshtoken.Token{Counter: 1}))
	f.Add("")
	f.Add("AQ==")
	f.Fuzz(func(t *testing.T, value string) {
		token, err := key.Parse(value)
		if err == nil && key.Value(token) != value {
			t.Errorf("%q is read as %v, whose value is another", value, token)
		}
	})
}
