package idp_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/breached"
)

// TestPWD10_Breached: what is in the filter cannot be set, in whichever spelling; who has it
// already logs in.
func TestPWD10_Breached(t *testing.T) {
	name := filepath.Join(t.TempDir(), "filter")
	list := "here be dragons and sea serpents\ncaf\u00e9 au lait, bien chaud\n" + idptest.Password
	if _, err := breached.Build(strings.NewReader(list), name); err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	with := idptest.WithConfig(func(c *idp.Config) {
		c.Path, c.Postgres, c.Logger = filepath.Join(filepath.Dir(name), "idp.db"), "", slog.New(slog.NewTextHandler(log, nil))
	})
	w := newWorld(t, with)
	must(t, w.Close())
	again := idptest.New(t, idptest.WithoutSocket(), with, idptest.WithConfig(func(c *idp.Config) { c.BreachedPasswords, c.Now = name, w.clock.now }))
	w.Provider = again

	w.login(nil).want(http.StatusOK)
	const common = "[breachedCommonPassword]user.password"
	for _, p := range []string{"here be dragons and sea serpents", "caf\u00e9 au lait, bien chaud", "cafe\u0301 au lait, bien chaud"} {
		if got := w.codes(p); len(got) != 1 || got[0] != common {
			t.Errorf("%q: %v", p, got)
		}
	}
	change := func(password string) answer {
		return w.keyed("POST", "/api/user/change-password", object{"loginId": "ada@example.com", "password": password}.String())
	}
	change("here be dragons and sea serpents").wantCode("[breachedCommonPassword]password")
	change("here be dragons but no serpents").wantEmpty(http.StatusOK)

	// A filter that turns out to be damaged is not passed over.
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	info, err := file.Stat()
	must(t, err)
	_, err = file.WriteAt([]byte{0x5a, 0xa5}, info.Size()-2)
	must(t, err)
	must(t, file.Close())
	change("there are no dragons anywhere").wantEmpty(http.StatusInternalServerError)
	if text := log.String(); !strings.Contains(text, name+": damaged: build the filter again") || strings.Contains(text, "dragons") {
		t.Errorf("the log says %s", text)
	}
	w.login(object{"password": "here be dragons but no serpents"}).want(http.StatusOK)

	_, err = idp.Open(t.Context(), idp.Config{Secret: idp.Secret{1}, BreachedPasswords: "testdata/none"})
	if err == nil || !strings.HasPrefix(err.Error(), "idp: Config.BreachedPasswords: ") {
		t.Error(err)
	}
}
