package latchkey_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/latchkey-dev/latchkey"

// TestDeps pins who imports whom. Arrows point to the root. The root, and every package of ours
// that it imports, needs nothing but the standard library.
func TestDeps(t *testing.T) {
	// packages of ours that a package may import; "…" stands for everything
	allowed := map[string][]string{
		"":                                 {"/dbsc", "/internal/clientip", "/internal/cookie", "/internal/crash", "/internal/crossorigin", "/internal/endsfile", "/internal/filemode", "/internal/flight", "/internal/fresh", "/internal/mac", "/internal/outage", "/internal/packed", "/internal/rotation", "/internal/sharded", "/internal/throttle", "/internal/turns", "/internal/useragent", "/internal/wholefile", "/internal/wire"},
		"/dbsc":                            {},
		"/dbsc/dbsctest":                   {"/dbsc"},
		"/internal/sqlite":                 {"/internal/crash"},
		"/internal/postgres":               {"/internal/crash"},
		"/internal/crash":                  {},
		"/internal/cookie":                 {"/internal/mac", "/internal/packed"},
		"/internal/mac":                    {},
		"/internal/flight":                 {},
		"/internal/faultproxy":             {},
		"/internal/filemode":               {},
		"/internal/packed":                 {},
		"/internal/rotation":               {},
		"/internal/turns":                  {},
		"/internal/outage":                 {},
		"/internal/fresh":                  {},
		"/internal/sharded":                {},
		"/internal/crossorigin":            {"/internal/wire"},
		"/internal/useragent":              {},
		"/internal/endsfile":               {"/internal/wholefile"},
		"/internal/wholefile":              {"/internal/filemode"},
		"/internal/pgtest":                 {},
		"/internal/passkeytest":            {},
		"/internal/redistest":              {},
		"/internal/sizetest":               {""},
		"/internal/formattest":             {"", "/dbsc", "/dbsc/dbsctest"},
		"/memstore":                        {"", "/internal/broadcast"},
		"/internal/broadcast":              {""},
		"/sqlitestore":                     {"", "/internal/broadcast", "/internal/sqlite"},
		"/pgstore":                         {"", "/internal/crash", "/internal/postgres"},
		"/redisstore":                      {"", "/internal/crash"},
		"/internal/onetime":                {""},
		"/latchkeytest":                    {"/dbsc/dbsctest", "", "/fusionauth", "/idp", "/idp/idptest", "/memstore"},
		"/steps":                           {},
		"/providertest":                    {""},
		"/examples/ownusers":               {"", "/sqlitestore"},
		"/storetest":                       {""},
		"/sim":                             {},
		"/sim/schemes":                     {},
		"/fusionauth":                      {"", "/internal/jws", "/internal/loginid"},
		"/fusionauth/webhook":              {"", "/internal/jws"},
		"/fusionauth/fusionauthtest":       {},
		"/fusionauth/internal/backendtest": {"", "/fusionauth", "/fusionauth/fusionauthtest", "/latchkeytest"},
		"/idp":                             {"/internal/crash", "/internal/issuer", "/internal/loginid", "/internal/postgres", "/idp/internal/database", "/idp/internal/fusion", "/idp/internal/jsonpatch", "/idp/internal/outbox", "/idp/internal/password", "/idp/internal/refreshtoken", "/idp/internal/signing", "/idp/internal/totp", "/idp/internal/webauthn"},
		"/idp/idptest":                     {"/idp"},
		"/idp/internal/database":           {"/internal/postgres", "/internal/sqlite"},
		"/idp/internal/fusion":             {},
		"/idp/internal/jsonpatch":          {"/internal/crash", "/idp/internal/fusion"},
		"/idp/internal/outbox":             {"/internal/crash", "/idp/internal/database"},
		"/idp/internal/password":           {"/internal/breached"},
		"/idp/internal/refreshtoken":       {},
		"/idp/internal/signing":            {"/internal/jws", "/idp/internal/database"},
		"/idp/internal/totp":               {},
		"/idp/internal/webauthn":           {},
		"/gateway":                         {"", "/account", "/internal/crash", "/internal/wire"},
		"/nodes":                           {},
		"/docs/docstest":                   {},
		"/internal/doctor":                 {"", "/dbsc", "/dbsc/dbsctest", "/fusionauth", "/internal/issuer"},
		"/internal/configfile":             {"/idp", "/internal/filemode", "/internal/issuer", "/internal/mail", "/internal/postgres", "/redisstore"},
		"/internal/breached":               {},
		"/internal/kickstart":              {},
		"/internal/mail":                   {"/idp"},
		"/internal/race":                   {},
		"/internal/clientip":               {},
		"/internal/throttle":               {"/internal/clientip"},
		"/internal/wire":                   {},
		"/internal/loginid":                {},
		"/internal/jws":                    {},
		"/internal/issuer":                 {},
		"/account":                         {"", "/fusionauth", "/internal/clientip", "/internal/crash", "/internal/loginid", "/internal/throttle", "/internal/wire"},
		"/examples/internal/spa":           {"/internal/wire"},
		"/examples/internal/apptest":       {"…"},
		"/examples/store":                  {"", "/account", "/internal/sqlite", "/examples/internal/spa", "/internal/wire"},
		"/examples/forums":                 {"/internal/jws", "/internal/sqlite", "/examples/internal/spa", "/internal/wire"},
		"/cmd/latchkey":                    {"…"},
		"/scripts/comments":                {},
	}
	all := packages(t)
	standardOnly := map[string]bool{"/fusionauth": true} // itself: internal/loginid needs x/text
	reach("", all, standardOnly)
	reach("/memstore", all, standardOnly)
	reach("/dbsc/dbsctest", all, standardOnly)
	for name, imports := range all {
		ours, known := allowed[name]
		if !known {
			t.Errorf("package %q is new: say here what it may import", name)
		}
		for _, path := range imports {
			own, isOurs := strings.CutPrefix(path, module)
			switch {
			case isOurs && !slices.Contains(ours, own) && !slices.Contains(ours, "…"):
				t.Errorf("%q must not import %q", name, own)
			case !isOurs && strings.Contains(path, ".") && standardOnly[name]:
				t.Errorf("%q must import only the standard library, and imports %s", name, path)
			case path == "testing" && !strings.HasSuffix(name, "test") && name != "/internal/faultproxy":
				t.Errorf("%q is no test and imports testing", name)
			}
		}
	}
}

// reach adds to found a package and all of ours that it imports, directly or not.
func reach(name string, imports map[string][]string, found map[string]bool) {
	if found[name] {
		return
	}
	found[name] = true
	for _, path := range imports[name] {
		if own, isOurs := strings.CutPrefix(path, module); isOurs {
			reach(own, imports, found)
		}
	}
}

// packages lists the imports of every package of the module, without tests.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	for in := json.NewDecoder(strings.NewReader(string(out))); in.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := in.Decode(&p); err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
	return found
}
