package signing_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// clock is the time of a test.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func seal(t *testing.T, secret byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(append(make([]byte, 31), secret))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// config is that of a node with a new database, which has a default tenant.
func config(t *testing.T, c *clock) signing.Config {
	t.Helper()
	db, err := database.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "idp.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO tenants (id, name, is_default, unverified_behavior, insert_instant, last_update_instant) VALUES ('t', 'Default', TRUE, 'Allow', 1, 1)`)
		return err
	}))
	return signing.Config{DB: db, Seal: seal(t, 1), Now: c.now, Log: slog.New(slog.DiscardHandler), TokenTTL: time.Hour}
}

func open(t *testing.T, c signing.Config) *signing.Ring {
	t.Helper()
	r, err := signing.Open(t.Context(), c)
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRing_signsAndVerifies(t *testing.T) {
	c := config(t, &clock{time.Unix(2e9, 0)})
	one, other := open(t, c), open(t, c)
	token, err := one.Sign(t.Context(), "", []byte(`{"sub":"ada"}`))
	must(t, err)
	payload, key, err := other.Verify(token)
	must(t, err)
	if string(payload) != `{"sub":"ada"}` || key.ID != "" || key.KID != one.Public()[0].KID {
		t.Errorf("%s by %s %s", payload, key.ID, key.KID)
	}
	for _, wrong := range []string{"", token + " ", token[:len(token)-4] + "AAAA", "e30.e30.e30"} {
		if _, _, err := other.Verify(wrong); !errors.Is(err, signing.ErrInvalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// Two nodes that rotate in the same minute create one key.
func TestRing_rotatesOnce(t *testing.T) {
	at := &clock{time.Unix(2e9, 0)}
	c := config(t, at)
	c.Rotation = 24 * time.Hour
	one, other := open(t, c), open(t, c)
	at.at = at.at.Add(25 * time.Hour)
	if a, b := one.Public(), other.Public(); len(a) != 2 || len(b) != 2 || a[0].KID != b[0].KID {
		t.Errorf("%d and %d keys", len(a), len(b))
	}
	first, err := one.Signer(t.Context(), "")
	must(t, err)
	if first.KID != one.Public()[1].KID {
		t.Error("the new key signs before it has been published for long enough")
	}
	at.at = at.at.Add(10 * time.Minute)
	if now, err := one.Signer(t.Context(), ""); err != nil || now.KID != one.Public()[0].KID {
		t.Errorf("the new key does not sign after ten minutes: %v", err)
	}
}

func TestRing_named(t *testing.T) {
	at := &clock{time.Unix(2e9, 0)}
	c := config(t, at)
	one, other := open(t, c), open(t, c)
	for _, algorithm := range signing.Algorithms {
		private, err := signing.Generate(algorithm, signing.MinRSABits)
		must(t, err)
		kid, err := signing.Fingerprint(private)
		must(t, err)
		k := signing.NamedKey{Key: signing.Key{KID: kid, Algorithm: algorithm, Private: private, ID: string(algorithm), Created: at.at}, Name: string(algorithm)}
		must(t, one.Insert(t.Context(), k))
		taken, ok := errors.AsType[*signing.TakenError](one.Insert(t.Context(), k))
		if !ok || *taken != (signing.TakenError{ID: true, Name: true, KID: true}) {
			t.Errorf("%s again: %v", algorithm, taken)
		}
		token, err := other.Sign(t.Context(), k.ID, []byte(`{}`)) // which has not heard of it
		must(t, err)
		if _, key, err := other.Verify(token); err != nil || key.KID != kid {
			t.Errorf("%s: %v", algorithm, err)
		}
		must(t, one.Delete(t.Context(), k.ID))
		if _, _, err := one.Verify(token); !errors.Is(err, signing.ErrInvalid) {
			t.Errorf("%s, deleted: %v", algorithm, err)
		}
	}
	if _, err := one.Sign(t.Context(), "unknown", nil); err == nil {
		t.Error("signed with an unknown key")
	}
}

func TestOpen_otherSecret(t *testing.T) {
	c := config(t, &clock{time.Unix(2e9, 0)})
	open(t, c)
	c.Seal = seal(t, 2)
	if _, err := signing.Open(context.Background(), c); !errors.Is(err, signing.ErrOtherSecret) {
		t.Errorf("%v", err)
	}
}

// A key must never serve two algorithms.
func TestParsePEM_otherAlgorithm(t *testing.T) {
	const p256 = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2
OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r
1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G
-----END PRIVATE KEY-----
`
	if _, err := signing.ParsePEM(jose.ES256, p256); err != nil {
		t.Error(err)
	}
	for _, other := range []jose.SignatureAlgorithm{jose.RS256, jose.EdDSA} {
		if _, err := signing.ParsePEM(other, p256); err == nil {
			t.Errorf("taken for %s", other)
		}
	}
}
