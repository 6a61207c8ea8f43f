package issuer_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/issuer"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{
		"https://auth.example.com", "http://127.0.0.1:9011", "http://[::1]:9011", "http://localhost:9011", "http://provider:9011", "http://my_provider:9011",
		"https://example.com/auth", "https://example.com/auth/v1.0", "https://auth.example.com/30663132-6464-6665-3032-326466613934", "https://auth.example.com:65535",
		"https://" + strings.Repeat("a", issuer.MaxLength-8),
	} {
		if err := issuer.Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"": "not an absolute URL", "latchkey": "not an absolute URL", "acme.com": "not an absolute URL", "auth.example.com:9011": "not an absolute URL", "//auth.example.com": "not an absolute URL",
		"/auth": "not an absolute URL", "ftp://auth.example.com": "not an absolute URL", "https://": "not an absolute URL", "https:auth.example.com": "not an absolute URL",
		"https://:9011": "not an absolute URL", "https://a:": "not an absolute URL", "https://a:0": "not an absolute URL", "https://a:65536": "not an absolute URL", "https://a:b": "not an absolute URL",
		"https://a b": "not an absolute URL", "https://a\x00": "not an absolute URL", " https://a": "not an absolute URL",
		"https://ada@example.com": "user name", "https://ada:pw@example.com": "user name",
		"https://example.com?x=1": "query", "https://example.com?": "query", "https://example.com#x": "fragment", "https://example.com#": "fragment", "https://example.com/?x#y": "query",
		"https://example.com/": "slash", "https://example.com/auth/": "slash",
		"https://Example.com": "lower case", "HTTPS://example.com": "lower case", "https://example.com/a b": "letters", "https://example.com/a%20b": "letters", "https://example.com//a": "letters",
		"https://example.com/../a": "letters", "https://example.com/a/.": "letters", "https://bücher.example": "letters", "https://<a>": "letters", "https://a\"b": "letters", "https://example.com.": "letters",
		"https://" + strings.Repeat("a", issuer.MaxLength-7): "longer than 255 bytes",
	} {
		if err := issuer.Check(bad); err == nil || !strings.Contains(err.Error(), why) || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
	}
}

// FuzzCheck: what is accepted is a URL in one spelling, from which clients can build the address of
// the discovery document.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"https://auth.example.com", "http://[::1]:9011/a", "https://a/%2f", "https://a?b", "http://a:b@c", "https://a/../b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if issuer.Check(s) != nil {
			return
		}
		const document = "/.well-known/openid-configuration"
		u, err := url.Parse(s + document)
		if err != nil || u.String() != s+document || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(s) > issuer.MaxLength {
			t.Errorf("%q is accepted: %v, %v", s, u, err)
		}
		if joined := u.JoinPath("/").String(); joined != s+document+"/" {
			t.Errorf("%q is accepted, and joined to %q", s, joined)
		}
	})
}
