package dbsc_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

func headers(name string, lines ...string) http.Header {
	h := make(http.Header)
	for _, line := range lines {
		h.Add(name, line)
	}
	return h
}

func TestOffer(t *testing.T) {
	for _, c := range []struct {
		offer dbsc.Offer
		want  string
	}{
		{dbsc.Offer{Path: "/r", Challenge: "c"}, `(ES256);path="/r";challenge="c"`},
		{dbsc.Offer{Algorithms: []dbsc.Algorithm{dbsc.RS256, dbsc.ES256}, Path: "/r", Challenge: "c", Authorization: `a"\`},
			`(RS256 ES256);path="/r";challenge="c";authorization="a\"\\"`},
		{dbsc.Offer{Path: "/r"}, ""},
		{dbsc.Offer{Challenge: "c"}, ""},
		{dbsc.Offer{Path: "/r", Challenge: "ü"}, ""},
		{dbsc.Offer{Path: "/r", Challenge: "c\r\nSet-Cookie: a=b"}, ""},
		{dbsc.Offer{Path: "/r", Challenge: "c", Authorization: "\x7f"}, ""},
		{dbsc.Offer{Path: "/r", Challenge: "c", Algorithms: []dbsc.Algorithm{"none"}}, ""},
		{dbsc.Offer{Path: "/r", Challenge: "c", Algorithms: []dbsc.Algorithm{`ES256) (`}}, ""},
	} {
		h := make(http.Header)
		err := c.offer.AddTo(h)
		if got := h.Get("Secure-Session-Registration"); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %s, %v", c.offer, got, err)
		}
	}
}

func TestParseOffers(t *testing.T) {
	es := []dbsc.Algorithm{dbsc.ES256}
	for _, c := range []struct {
		lines []string
		want  []dbsc.Offer // nil: an error
	}{
		{[]string{`(ES256 RS256);path="/r";challenge="c";authorization="a"`}, []dbsc.Offer{{[]dbsc.Algorithm{dbsc.ES256, dbsc.RS256}, "/r", "c", "a"}}},
		{[]string{` ( ES256  );path="r"`}, []dbsc.Offer{{es, "r", "", ""}}},
		{[]string{`(ES256);path="/1", (ES256);path="/2"`, `(EdDSA);path="/3"`}, []dbsc.Offer{{es, "/1", "", ""}, {es, "/2", "", ""}, {[]dbsc.Algorithm{"EdDSA"}, "/3", "", ""}}},
		{[]string{`(ES256);n=1.5;b=?1;t=tok;bytes=:YQ==:;flag;path="/r"`}, []dbsc.Offer{{es, "/r", "", ""}}},
		{[]string{`ES256;path="/r"`}, nil},
		{[]string{`("ES256");path="/r"`}, nil},
		{[]string{`();path="/r"`}, nil},
		{[]string{`(ES256);path=/r`}, nil},
		{[]string{`(ES256)`}, nil},
		{[]string{`(ES256;path="/r"`}, nil},
		{[]string{`(ES256);path="/r",`}, nil},
		{[]string{`(ES256);path="/r`}, nil},
		{[]string{`(ES256);path="/r\n"`}, nil},
		{[]string{`(ES256);Path="/r"`}, nil},
		{[]string{""}, nil},
		{[]string{`(ES256);path="/` + strings.Repeat("r", 10000) + `"`}, nil},
	} {
		got, err := dbsc.ParseOffers(headers("Secure-Session-Registration", c.lines...))
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%q: %+v, %v", c.lines, got, err)
		}
	}
	if got, err := dbsc.ParseOffers(http.Header{}); got != nil || err != nil {
		t.Errorf("no header: %+v, %v", got, err)
	}
}

// TestStructured has parameters that no header here has, of every type. Browsers may add some.
func TestStructured(t *testing.T) {
	for param, ok := range map[string]bool{
		"x": true, "x=1": true, "x=-1": true, "x=1.5": true, "x=123456789012345": true, "x=123456789012.123": true,
		"x=?0": true, "x=?1": true, "x=:YQ==:": true, "x=::": true, "x=tok/en:*": true, "x=*": true, "*x=1": true, `x="a"`: true, "x;y": true,
		" x": true, "x_y-z.0*": true,
		"x=": false, "x=-": false, "x=1.": false, "x=.5": false, "x=1.2345": false, "x=1234567890123456": false, "x=1234567890123.1": false,
		"x=?": false, "x=?2": false, "x=?a": false, "x=:YQ==": false, "x=:Y:": false, "x=(a)": false, `x="a`: false, `x="\a"`: false, `x="a\`: false,
		"": false, "X": false, "0": false, "x y": false, "x =1": false, "x= 1": false, "x=@1": false,
	} {
		h := headers("Secure-Session-Registration", `(ES256);path="/r";`+param)
		if got, err := dbsc.ParseOffers(h); (err == nil) != ok {
			t.Errorf("%s: %+v, %v", param, got, err)
		}
	}
	for list, ok := range map[string]bool{
		"(a)": true, "(a b)": true, "( a  b )": true, "(a;x=1 b)": true,
		"(": false, "(a": false, "(a,b)": false, "(a;x=1b)": false, "(a(b))": false, "(a\tb)": false, "(a;X)": false,
	} {
		h := headers("Secure-Session-Registration", list+`;path="/r"`)
		if got, err := dbsc.ParseOffers(h); (err == nil) != ok {
			t.Errorf("%s: %+v, %v", list, got, err)
		}
	}
}

func TestChallenge(t *testing.T) {
	h := make(http.Header)
	for _, c := range []dbsc.Challenge{{"c1", "s1"}, {`a"\`, "s2"}} {
		if err := c.AddTo(h); err != nil {
			t.Fatal(err)
		}
	}
	if got := h["Secure-Session-Challenge"]; !reflect.DeepEqual(got, []string{`"c1";id="s1"`, `"a\"\\";id="s2"`}) {
		t.Errorf("%q", got)
	}
	got, err := dbsc.ParseChallenges(h)
	if err != nil || !reflect.DeepEqual(got, []dbsc.Challenge{{"c1", "s1"}, {`a"\`, "s2"}}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []dbsc.Challenge{{"", "s"}, {"c", ""}, {"c\n", "s"}, {"c", "ü"}} {
		if c.AddTo(make(http.Header)) == nil {
			t.Errorf("%+v was written", c)
		}
	}
	for _, line := range []string{`"c"`, `c;id="s"`, `"c";id=s`, `"c";id`, `"";id="s"`, `("c");id="s"`, `"c";id="s" x`, "\"c\u00fc\";id=\"s\""} {
		if got, err := dbsc.ParseChallenges(headers("Secure-Session-Challenge", line)); err == nil {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestSkipped(t *testing.T) {
	for _, c := range []struct {
		line string
		want []dbsc.Skipped // nil: an error
	}{
		{`quota_exceeded;session_identifier="sess1"`, []dbsc.Skipped{{dbsc.QuotaExceeded, "sess1"}}},
		{`server_error;session_identifier="a", unreachable;session_identifier="b"`, []dbsc.Skipped{{dbsc.ServerError, "a"}, {dbsc.Unreachable, "b"}}},
		{`new_reason`, []dbsc.Skipped{{"new_reason", ""}}},
		{`"quota_exceeded"`, nil},
		{`(quota_exceeded)`, nil},
		{`quota exceeded`, nil},
		{`-`, nil},
	} {
		got, err := dbsc.ParseSkipped(headers("Secure-Session-Skipped", c.line))
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %+v, %v", c.line, got, err)
		}
		if c.want != nil && c.want[0].SessionID != "" {
			h := make(http.Header)
			for _, s := range c.want {
				if err := s.AddTo(h); err != nil {
					t.Error(err)
				}
			}
			if got := strings.Join(h["Secure-Session-Skipped"], ", "); got != c.line {
				t.Errorf("written: %s", got)
			}
		}
	}
}

// TestSessionID: the specification wants a quoted string, and Chromium sends the bare text.
func TestSessionID(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
		ok    bool
	}{
		{nil, "", true},
		{[]string{"sess1"}, "sess1", true},
		{[]string{` a b"c\d~! `}, `a b"c\d~!`, true},
		{[]string{`"sess1"`}, "sess1", true},
		{[]string{`"a\"b\\c"`}, `a"b\c`, true},
		{[]string{`"sess1";new=1`}, "sess1", true},
		{[]string{`"sess1`}, "", false},
		{[]string{`"sess1"x`}, "", false},
		{[]string{`"a", "b"`}, "", false},
		{[]string{"a", "b"}, "", false},
	} {
		if got, err := dbsc.SessionID(headers("Sec-Secure-Session-Id", c.lines...)); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.lines, got, err)
		}
		if got, err := dbsc.Response(headers("Secure-Session-Response", c.lines...)); got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.lines, got, err)
		}
	}
}
