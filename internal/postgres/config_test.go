package postgres_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/postgres"
)

// TestTLSByDefault: a host other than this machine must present a certificate, unless somebody said
// otherwise.
func TestTLSByDefault(t *testing.T) {
	for url, verified := range map[string]bool{
		"postgres://u:p@db.example.com/x":                                      true,
		"postgres://u:p@db.example.com/x?pool_max_conns=3":                     true,
		"postgres://u:p@192.0.2.1/x":                                           true,
		"postgres://u:p@localhost,db.example.com/x":                            true,
		"postgres://u:p@a.example.com:5432,b.example.com:5433/x":               true,
		"postgres://u:p@/x?host=db.example.com":                                true,
		"postgres://u:p@db.example.com/x?sslmode=disable":                      false,
		"postgres://u:p@db.example.com/x?sslmode=verify-full":                  true,
		"postgres://u:p@localhost/x?sslmode=prefer":                            false,
		"postgres://u:p@localhost/x":                                           false,
		"postgres://u:p@127.0.0.1/x":                                           false,
		"postgres://u:p@[::1]/x":                                               false,
		"postgresql://u:p@/x?host=/var/run/postgresql":                         false,
		"postgres://u%20x:p%25%2F@db.example.com/x?application_name=my%20name": true,
	} {
		config, err := postgres.ParseConfig(url, postgres.Sessions)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		settings := []*tls.Config{config.ConnConfig.TLSConfig}
		for _, fallback := range config.ConnConfig.Fallbacks {
			settings = append(settings, fallback.TLSConfig)
		}
		plain := slices.ContainsFunc(settings, func(c *tls.Config) bool { return c == nil || c.InsecureSkipVerify })
		if plain == verified {
			t.Errorf("%s: verified is %v, want %v", url, !plain, verified)
		}
	}
}

// A mode that asks for TLS but does not verify the server is refused for another machine.
func TestTLSInName(t *testing.T) {
	for _, url := range []string{
		"postgres://u:p@db.example.com/x?sslmode=require",
		"postgres://u:p@db.example.com/x?sslmode=prefer",
		"postgres://u:p@db.example.com/x?sslmode=allow",
		"postgres://u:p@db.example.com/x?ssl=true",
		"postgres://u:p@localhost,db.example.com/x?sslmode=prefer",
		"postgres://u:p@localhost/x?host=db.example.com&sslmode=require",
	} {
		if _, err := postgres.ParseConfig(url, postgres.Sessions); err == nil {
			t.Errorf("%s is taken", url)
		}
	}
	if _, err := postgres.ParseConfig("postgres://u:p@db.example.com/x?sslmode=verify-ca", postgres.Sessions); err != nil {
		t.Errorf("verify-ca: %v", err)
	}
	t.Setenv("PGSSLMODE", "require")
	if _, err := postgres.ParseConfig("postgres://u:p@db.example.com/x", postgres.Sessions); err == nil {
		t.Error("PGSSLMODE=require is taken")
	}
}

func TestTLSFromTheEnvironment(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable")
	config, err := postgres.ParseConfig("postgres://u:p@db.example.com/x", postgres.Sessions)
	if err != nil || config.ConnConfig.TLSConfig != nil {
		t.Errorf("PGSSLMODE=disable: %v, %v", config.ConnConfig.TLSConfig, err)
	}
}

func TestDefaults(t *testing.T) {
	config, err := postgres.ParseConfig("postgres://u:p@127.0.0.1/x?connect_timeout=60&pool_max_conns=7&statement_timeout=500&application_name=shop", postgres.Provider)
	if err != nil {
		t.Fatal(err)
	}
	c := config.ConnConfig
	if config.MaxConns != 7 || c.ConnectTimeout != postgres.Limit || c.RuntimeParams["statement_timeout"] != "500" || c.RuntimeParams["application_name"] != "shop" ||
		c.RuntimeParams["search_path"] != "latchkey_provider" {
		t.Errorf("what the URL says: %+v", c.RuntimeParams)
	}
	if config, err = postgres.ParseConfig("postgres://u:p@127.0.0.1/x", postgres.Sessions); err != nil {
		t.Fatal(err)
	}
	if c := config.ConnConfig; config.MaxConns != 16 || c.ConnectTimeout != postgres.Limit || c.RuntimeParams["statement_timeout"] != "3000" || c.ValidateConnect == nil {
		t.Errorf("without a word: %d, %+v", config.MaxConns, c)
	}
}

// FuzzParseConfig: no URL panics, and no error shows the password.
func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{"postgres://u:p0ssw0rd@h/x", "postgres://u:p0ssw0rd@h:99999/x", "postgres://u:p0ssw0rd@h/x?sslmode=?", "postgresql://p0ssw0rd", "postgres://u:p0ssw0rd%zz@h"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		if !strings.HasPrefix(url, "postgres://u:p0ssw0rd@") {
			return
		}
		if _, err := postgres.ParseConfig(url, postgres.Sessions); err != nil && strings.Contains(err.Error(), "p0ssw0rd") && strings.Count(url, "p0ssw0rd") == 1 {
			t.Errorf("%q: %v", url, err)
		}
	})
}
