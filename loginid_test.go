package latchkey_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

// LGN-06: guesses at one account are counted together however its login id is spelled, and nobody
// else's are counted with them. Which spellings are one account is for the embedded provider to
// say.
func FuzzLGN06_Spellings(f *testing.F) {
	provider := idptest.New(f, idptest.WithoutSocket())
	client, err := fusionauth.New(fusionauth.Config{URL: provider.URL, APIKey: latchkey.Secret(provider.APIKey), ApplicationID: "none"})
	if err != nil {
		f.Fatal(err)
	}
	for _, pair := range [][2]string{
		{"victim@example.com", "vİctim@example.com"}, {"victim2@example.com", "victim2@ⓔxample.com"}, {"straße", "STRASSE"}, {"ju\u0308rgen", "JÜRGEN"}, {"ada", " ａｄＡ\u3000"},
		{"groß", "große"}, {"ヤマダー", "ヤマター"}, {"şule", "sule"}, {"ıda", "ida"}, {"ada 2", "ada2"},
	} {
		f.Add(pair[0], pair[1])
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		name := randomName(random)
		f.Add(name, respell(random, name))
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		user, err := provider.CreateUser(t.Context(), idp.NewUser{Username: name, Password: idptest.Password})
		if err != nil {
			t.Skip() // nobody has such a name, or somebody has it already
		}
		found, err := provider.UserByLoginID(t.Context(), other)
		guard := refusingGuard(t, struct {
			latchkey.Provider
			latchkey.LoginIDCanonicalizer
		}{refusing, client})
		for range 5 {
			if status := loginStatus(guard, name); status != http.StatusUnauthorized {
				t.Skip() // the form refuses it
			}
		}
		if status := loginStatus(guard, other); status == http.StatusBadRequest {
			t.Skip()
		} else if same := err == nil && found.ID == user.ID; same != (status == http.StatusTooManyRequests) {
			t.Errorf("%q and %q: one account: %v, status %d", name, other, same, status)
		}
	})
}

// A provider that does not say which spellings are one has one count for all cases of an id, and no
// other.
func TestLoginID_withoutACanonicalForm(t *testing.T) {
	guard := refusingGuard(t, refusing)
	for range 5 {
		loginStatus(guard, "Ğ.Groß@example.com")
	}
	for id, status := range map[string]int{"ğ.groß@EXAMPLE.com": 429, " Ğ.Groß@example.com\n": 429, "ş.groß@example.com": 401, "ｇ@example.com": 401, "Ğ.Groß@exampleー.com": 401} {
		if got := loginStatus(guard, id); got != status {
			t.Errorf("%q: %d, want %d", id, got, status)
		}
	}
}

// At a provider where each spelling is an account of its own, a login to one does not clear the
// failures of another.
func TestLoginID_anotherSpellingClearsNothing(t *testing.T) {
	wrong := latchkey.CodeInvalidCredentials
	guard := refusingGuard(t, struct {
		latchkey.Provider
		latchkey.LoginIDCanonicalizer
	}{&refuser{code: &wrong}, halfWidth{}})
	checked := 0
	for range 10 {
		wrong = latchkey.CodeInvalidCredentials
		if loginStatus(guard, "ada") == 401 {
			checked++
		}
		wrong = latchkey.CodeNotRegistered // the password was right
		loginStatus(guard, "ａda")
	}
	if checked != 5 {
		t.Errorf("%d guesses", checked)
	}
}

type halfWidth struct{}

func (halfWidth) CanonicalLoginID(id string) string { return strings.ReplaceAll(id, "ａ", "a") }

var refusing = func() latchkey.Provider {
	wrong := latchkey.CodeInvalidCredentials
	return &refuser{code: &wrong}
}()

// refusingGuard is a guard that sees each request come from another address.
func refusingGuard(t *testing.T, provider latchkey.Provider) *latchkey.Guard {
	var n atomic.Int64
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: provider, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
		ClientIP: func(*http.Request) string { return fmt.Sprintf("198.51.%d.%d", n.Add(1)/250, n.Load()%250) },
	})
	must(t, err)
	t.Cleanup(func() { guard.Close(context.Background()) })
	return guard
}

var alphabet = []rune("adinsş" + "İıßſéüşğøłµΣςάϐжЁїأىก가金あーヤﾔｱﬁﬀǅⓐ𝐚ªº²½①㎏ℓÅ")

func randomName(random *rand.Rand) string {
	name := make([]rune, 2+random.IntN(5))
	for i := range name {
		name[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(name)
}

// respell changes what may or may not make another account.
func respell(random *rand.Rand, name string) string {
	for range 1 + random.IntN(3) {
		switch random.IntN(8) {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name = strings.ToTitle(name)
		case 2:
			name = norm.NFD.String(name)
		case 3:
			name = norm.NFKD.String(name)
		case 4:
			name = norm.NFKC.String(name)
		case 5:
			name = " " + name + "\u00a0"
		case 6:
			letters := []rune(name)
			letters[random.IntN(len(letters))] = alphabet[random.IntN(len(alphabet))]
			name = string(letters)
		case 7:
			name = strings.Map(unicode.SimpleFold, name)
		}
	}
	return name
}
