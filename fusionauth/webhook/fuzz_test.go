package webhook

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":{"id":"1","type":"user.password.update","createInstant":1790000000000,"user":{"id":"u"}}}`))
	f.Add([]byte(`{"event":{"id":"1","type":"jwt.refresh-token.revoke","createInstant":1,"applicationId":"a","applicationTimeToLiveInSeconds":{"a":3600}}}`))
	f.Add([]byte(`{"event":{"id":"1","type":"jwt.refresh-token.revoke","createInstant":1,"userId":"u","refreshToken":{"id":"t","token":"secret"}}}`))
	f.Add([]byte(`{"event":{"id":"1","type":"x","createInstant":1e300}}`))
	f.Add([]byte(`{"event":null,"event":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := decode(body)
		if err != nil {
			return
		}
		end, err := e.ending()
		if err == nil && end.reason != "" && end.userID == "" && (end.applicationID == "" || end.refreshTokenID != "") {
			t.Errorf("%q would end everything: %+v", body, end)
		}
	})
}

func FuzzVerify(f *testing.F) {
	k, err := newKeys(Config{Secrets: []latchkey.Secret{"a secret of the fuzz test, 32 bytes"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("eyJhbGciOiJIUzI1NiJ9.eyJyZXF1ZXN0X2JvZHlfc2hhMjU2IjoiIn0.AAAA")
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, signature string) {
		if _, err := k.verify(t.Context(), []string{signature}, time.Now()); err == nil {
			t.Errorf("%q is no signature of ours", signature)
		}
	})
}

func FuzzParseKeySet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQ"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeySet(body)
		for id, k := range keys {
			if _, secret := k.key.([]byte); err != nil || id == "" || secret || len(k.algorithms) == 0 {
				t.Errorf("%q: %q is no public key with an id", body, id)
			}
		}
	})
}

// However many applications have their own keys, those that sign events are found among them.
func TestKeySetOfManyApplications(t *testing.T) {
	const key = `{"kty":"EC","crv":"P-256","kid":"%s","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"%s}`
	all := []string{fmt.Sprintf(key, "own", "")}
	for i := range 10 * maxKeyCount {
		all = append(all, fmt.Sprintf(key, strconv.Itoa(i), `,"latchkey_aud":["3c219e58-ed0e-4b18-ad48-f4f92793ae32"]`))
	}
	keys, err := parseKeySet([]byte(`{"keys":[` + strings.Join(all, ",") + `]}`))
	if err != nil || len(keys) != 1 || keys["own"].key == nil {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for i := range maxKeyCount {
		all[i] = fmt.Sprintf(key, "own"+strconv.Itoa(i), "")
	}
	if keys, err = parseKeySet([]byte(`{"keys":[` + strings.Join(all, ",") + `]}`)); err != nil || len(keys) != maxKeyCount {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	all[maxKeyCount] = fmt.Sprintf(key, "one too many", "")
	if _, err = parseKeySet([]byte(`{"keys":[` + strings.Join(all, ",") + `]}`)); err == nil {
		t.Error("no bound")
	}
}

// Both sets rotate: what was seen an hour ago may be forgotten, what was seen since may not.
func TestSeen(t *testing.T) {
	var s seen
	now := time.Now()
	s.add("first", now)
	if !s.has("first", now.Add(maxAge+maxSkew)) || !s.has("first", now.Add(maxAge+maxSkew+time.Minute)) {
		t.Error("forgotten too early")
	}
	s.add("second", now.Add(2*time.Hour))
	if s.has("first", now.Add(4*time.Hour)) || len(s.young)+len(s.old) > 1 {
		t.Errorf("%d are kept", len(s.young)+len(s.old))
	}
	for i := range 2*maxSeen + 10 {
		s.add(string(rune(i)), now.Add(4*time.Hour))
	}
	if len(s.young)+len(s.old) > 2*maxSeen {
		t.Error("grows without bound")
	}
}
