package latchkey

import (
	"bufio"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/filemode"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// A Key is a 256-bit secret from which all keys of an app are derived. The zero Key is not usable.
// A Key prints as its id, never as its secret.
type Key struct {
	secret *[32]byte // fmt follows no pointer below the first level, so dumps never show it
	id     uint32
	format int // 2, or 1 for keys from versions whose records had no MAC
}

// A KeyRing lists keys. The first one seals, all of them open. To rotate keys on several nodes, add
// the new key in second place on every node, and only then move it to the front on every node, so
// that no node gets what it cannot open. Remove the old key after Config.AbsoluteTimeout, when
// nothing that it sealed is valid anymore.
type KeyRing []Key

// A line of a key file begins with the format of the key. Keys of both formats work alike. While a
// key of format 1 is in the ring, records without a MAC are accepted.
const (
	keyPrefix  = "latchkey-key-2:"
	keyPrefix1 = "latchkey-key-1:"
)

// NewKey returns a fresh random key.
func NewKey() Key {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the program instead
	return newKey(secret, 2)
}

// newKey derives the id from the secret, so that key files need no ids and a copied line keeps its
// own.
func newKey(secret [32]byte, format int) Key {
	k := Key{secret: &secret, format: format}
	k.id = binary.BigEndian.Uint32(k.derive("key id", 4))
	return k
}

// Reveal returns the secret in the form that ParseKeys reads.
func (k Key) Reveal() string {
	prefix := keyPrefix
	if k.format == 1 {
		prefix = keyPrefix1
	}
	return prefix + base64.RawURLEncoding.EncodeToString(k.secret[:])
}

// String returns the key's id: eight hexadecimal digits.
func (k Key) String() string { return fmt.Sprintf("%08x", k.id) }

// derive returns a key for one purpose (HKDF-SHA-256, RFC 5869). Each part is preceded by its
// length, so that no two lists of parts have the same encoding.
func (k Key) derive(purpose string, length int, parts ...string) []byte {
	info := packed.AppendString([]byte("latchkey/1"), purpose)
	for _, part := range parts {
		info = packed.AppendString(info, part)
	}
	key, err := hkdf.Key(sha256.New, k.secret[:], nil, string(info), length)
	if err != nil {
		panic(err) // only for lengths over 8160 bytes
	}
	return key
}

// ParseKeys reads a key ring: one key a line, as Key.Reveal writes it, the sealing key first. It
// skips blank lines and lines that begin with #. Errors name the line and never quote it.
func ParseKeys(text string) (KeyRing, error) {
	var ring KeyRing
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		format := 2
		encoded, found := strings.CutPrefix(line, keyPrefix)
		if !found {
			format = 1
			encoded, found = strings.CutPrefix(line, keyPrefix1)
		}
		raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
		if !found || err != nil || len(raw) != 32 {
			return nil, fmt.Errorf("line %d: not a key: want %s and 43 characters of base64url", n, keyPrefix)
		}
		key := newKey([32]byte(raw), format)
		if _, twice := ring.find(key.id); twice {
			return nil, fmt.Errorf("line %d: duplicate key", n)
		}
		ring = append(ring, key)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(ring) == 0 {
		return nil, errors.New("no key")
	}
	return ring, nil
}

// LoadOrCreateKeys is LoadKeys, but creates the file with a new key if it does not exist. Use it on
// a single node only. Of several nodes, one without its file would create its own key, and sign out
// the users that it serves.
func LoadOrCreateKeys(path string) (KeyRing, error) {
	ring, err := LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	if err := createKeys(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	ring, err = LoadKeys(path) // if another process was faster, its keys are taken
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("key file %s is a symbolic link to a file that does not exist: %w", path, err)
	}
	return ring, err
}

// LoadKeys reads a key ring from a file. If the file does not exist, the error is fs.ErrNotExist.
// The file must belong to root or to the user that runs the program, and nobody else may be able to
// read it, except for the group of a file owned by root, as with a Kubernetes Secret.
func LoadKeys(path string) (KeyRing, error) {
	if err := filemode.Secret(path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ring, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return ring, nil
}

// createKeys creates the file with a new key, or returns fs.ErrExist.
func createKeys(path string) error {
	return wholefile.Create(path, fmt.Appendf(nil, `# Keys of the session cookies: the first seals, all of them open. Every node has the same. To change them: latchkey keys session --help
# Anyone with this file can make sessions: keep it secret.
%s
`, NewKey().Reveal()))
}

func (r KeyRing) find(id uint32) (Key, bool) {
	for _, k := range r {
		if k.id == id {
			return k, true
		}
	}
	return Key{}, false
}

// cookieKeys hands the keys down to package cookie.
func (r KeyRing) cookieKeys() cookie.Keys {
	var keys cookie.Keys
	for _, k := range r {
		keys = append(keys, cookie.Key{ID: k.id, Derive: k.derive})
	}
	return keys
}
