package password

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	digest "hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Hashes of other systems are imported under FusionAuth's names, verified, and replaced by one of
// ours at the first login. None is ever created.
//
// They are stored as "$scheme$factor$salt$hash", the last two in base64, and those of bcrypt and
// Argon2id in their own forms.
type scheme struct {
	factor, most int // the default, and the most that a login may cost
	size         int // of the hash, in bytes
	derive       func(password, salt []byte, factor int) ([]byte, error)
}

// Weak schemes, which iterate a bare hash or do not iterate, are imported too: refusing them would
// leave them where they are.
var schemes = map[string]scheme{
	"salted-pbkdf2-hmac-sha256":     {24_000, 2_000_000, 32, derivePBKDF2(sha256.New, 32)},
	"salted-pbkdf2-hmac-sha256-512": {24_000, 2_000_000, 64, derivePBKDF2(sha256.New, 64)},
	"salted-pbkdf2-hmac-sha512-512": {24_000, 2_000_000, 64, derivePBKDF2(sha512.New, 64)},
	"salted-md5":                    {20_000, 2_000_000, md5.Size, iterate(md5.New)},
	"salted-sha256":                 {20_000, 2_000_000, sha256.Size, iterate(sha256.New)},
	"salted-hmac-sha256": {1, 1 << 30, sha256.Size, func(password, salt []byte, _ int) ([]byte, error) {
		mac := hmac.New(sha256.New, salt)
		mac.Write(password)
		return mac.Sum(nil), nil
	}},
}

const (
	schemeBcrypt   = "bcrypt"
	schemeArgon2id = "argon2id" // ours: the password is a whole PHC string
	maxBcryptCost  = 15
	maxForeignSalt = 256
)

func derivePBKDF2(h func() digest.Hash, size int) func([]byte, []byte, int) ([]byte, error) {
	return func(password, salt []byte, factor int) ([]byte, error) {
		return pbkdf2.Key(h, string(password), salt, factor, size)
	}
}

// iterate hashes the password and the salt, and then the hash, factor times in total.
func iterate(h func() digest.Hash) func([]byte, []byte, int) ([]byte, error) {
	return func(password, salt []byte, factor int) ([]byte, error) {
		sum := append(append([]byte(nil), password...), salt...)
		for range factor {
			d := h()
			d.Write(sum)
			sum = d.Sum(nil)
		}
		return sum, nil
	}
}

// ErrScheme means that a scheme is unknown.
var ErrScheme = errors.New("password: no such encryption scheme")

// A Foreign is a hash of another system, as FusionAuth's import has it.
type Foreign struct {
	Scheme string
	Factor int    // 0: the scheme's default
	Salt   string // base64; bcrypt's 22 characters
	// base64; bcrypt's 31 characters; the whole text if the scheme is argon2id, django or fbscrypt
	Hash string
}

// Stored returns the form that is stored and that Verify accepts. The error does not contain the
// hash.
func (f Foreign) Stored() (string, error) {
	switch f.Scheme {
	case schemeDjango:
		same, err := fromDjango(f.Hash)
		if err != nil {
			return "", err
		}
		return same.Stored()
	case schemeFirebase:
		_, err := parseFirebase(f.Hash)
		return f.Hash, err
	case schemeArgon2id:
		_, err := parsePHC(f.Hash)
		return f.Hash, err
	case schemeBcrypt:
		cost := f.Factor
		if cost == 0 {
			cost = 10
		}
		stored := fmt.Sprintf("$2a$%02d$%s%s", cost, f.Salt, f.Hash)
		return stored, checkBcrypt(stored)
	}
	s, known := schemes[f.Scheme]
	if !known {
		return "", ErrScheme
	}
	if f.Factor == 0 {
		f.Factor = s.factor
	}
	stored := strings.Join([]string{"", f.Scheme, strconv.Itoa(f.Factor), f.Salt, f.Hash}, "$")
	_, err := parseForeign(stored)
	return stored, err
}

func checkBcrypt(stored string) error {
	cost, err := bcrypt.Cost([]byte(stored))
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if err != nil || len(stored) != 60 || strings.Trim(stored[7:], alphabet) != "" || cost > maxBcryptCost {
		return errForeign
	}
	return nil
}

var errForeign = errors.New("password: not a hash of its scheme, or one that costs too much")

// A foreign is a parsed one.
type foreign struct {
	scheme
	factor     int
	salt, hash []byte
}

func parseForeign(stored string) (foreign, error) {
	f := strings.Split(stored, "$")
	if len(f) != 5 || f[0] != "" {
		return foreign{}, errForeign
	}
	s, known := schemes[f[1]]
	factor, err := strconv.Atoi(f[2])
	if !known || err != nil || factor < 1 || factor > s.most || strconv.Itoa(factor) != f[2] {
		return foreign{}, errForeign
	}
	salt, err1 := base64.StdEncoding.Strict().DecodeString(f[3])
	sum, err2 := base64.StdEncoding.Strict().DecodeString(f[4])
	if err1 != nil || err2 != nil || len(salt) > maxForeignSalt || len(sum) != s.size {
		return foreign{}, errForeign
	}
	return foreign{s, factor, salt, sum}, nil
}

// isForeign reports whether a stored hash is from another system.
func isForeign(stored string) bool { return stored != "" && !strings.HasPrefix(stored, "$argon2id$") }

// matchesForeign compares a password with a stored hash of another system. The password is hashed
// as it was typed, and in NFC, because it is unknown what the other system did.
func matchesForeign(stored, typed string) (bool, error) {
	if strings.HasPrefix(stored, "$2a$") {
		if err := checkBcrypt(stored); err != nil {
			return false, err
		}
		return bcryptMatches(stored, typed) || Normalize(typed) != typed && bcryptMatches(stored, Normalize(typed)), nil
	}
	matches, err := matcher(stored)
	if err != nil {
		return false, err
	}
	if ok, err := matches([]byte(typed)); ok || err != nil || Normalize(typed) == typed {
		return ok, err
	}
	return matches([]byte(Normalize(typed)))
}

// matcher returns a function that compares a password with a stored hash.
func matcher(stored string) (func(password []byte) (bool, error), error) {
	if strings.HasPrefix(stored, "$"+schemeFirebase+"$") {
		h, err := parseFirebase(stored)
		return h.matches, err
	}
	f, err := parseForeign(stored)
	return f.matches, err
}

func (f foreign) matches(password []byte) (bool, error) {
	sum, err := f.derive(password, f.salt, f.factor)
	return err == nil && subtle.ConstantTimeCompare(sum, f.hash) == 1, err
}

// bcryptMatches compares the first 72 bytes, as bcrypt does.
func bcryptMatches(stored, typed string) bool {
	return bcrypt.CompareHashAndPassword([]byte(stored), []byte(typed[:min(len(typed), 72)])) == nil
}
