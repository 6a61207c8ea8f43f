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

	"github.com/latchkey-dev/latchkey/internal/filemode"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// A Key is one 256-bit secret from which all keys of an app are derived. The zero Key is not
// usable. It prints as its id, never as its secret.
type Key struct {
	// behind a pointer: fmt follows no pointer below the first level, so no dump of a struct shows
	// it
	secret *[32]byte
	id     uint32
	format int // 2; 1: made by a program that gave records no MAC
}

// A KeyRing lists keys: the first seals, all of them open. To rotate on several nodes, add the new
// key behind the first on every node, and only then move it to the front on every node: a node must
// not see what it cannot open. Remove the old one when nothing that it sealed can be alive any more
// (Config.AbsoluteTimeout).
type KeyRing []Key

// A line of a key file begins with the format of the key. Keys of both formats do the same. As long
// as one of format 1 is in the ring, there may be records without a MAC.
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

// newKey names the key by a digest of its secret, so that a key file needs no ids and a copied line
// keeps its name.
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

// derive gives one key per purpose (HKDF-SHA-256, RFC 5869). Every part is preceded by its length,
// so that no two lists of parts are the same bytes.
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

// ParseKeys reads a key ring: one key a line as Key.Reveal writes it, the one that seals first;
// blank lines and lines that begin with # are skipped. Errors name the line and never quote it.
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
			return nil, fmt.Errorf("line %d: the same key twice", n)
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

// LoadOrCreateKeys is LoadKeys, and creates the file with one fresh key if there is none. Use it on
// a single node. Among several nodes, one that is missing its file would create a key of its own,
// and sign out the users whom it serves.
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

// LoadKeys reads the key ring in the file. It never creates one: without the file the error is
// fs.ErrNotExist. The file must belong to root or to the user who runs the program, and nobody else
// may read it, except for the group of a file of root, as with a Kubernetes Secret.
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

// createKeys makes the file with one fresh key, or returns fs.ErrExist.
func createKeys(path string) error {
	return wholefile.Create(path, fmt.Appendf(nil, `# Keys of the session cookies: the first seals, all of them open. Every node has the same. To change them: latchkey keys session --help
# Whoever has this file can make sessions: keep it secret.
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
