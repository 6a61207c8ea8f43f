package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// schemeFirebase is Firebase's scrypt. The name is ours. Firebase exports a salt and a hash of each
// user, and the parameters of the project once; the password is all of them,
// "$fbscrypt$v=1,n=14,r=8,p=1,ss=<salt separator>,sk=<signer key>$<salt>$<hash>" in base64, as
// other providers import it. It is stored as it is.
const schemeFirebase = "fbscrypt"

const (
	maxFirebaseMemory = 15 // log2 of scrypt's N
	maxFirebaseRounds = 8  // scrypt's r: 32 MiB in all
)

type firebase struct {
	memory, rounds             int
	salt, separator, key, hash []byte
}

func parseFirebase(stored string) (h firebase, err error) {
	f := strings.Split(stored, "$")
	if len(f) != 5 || f[0] != "" || f[1] != schemeFirebase {
		return h, errForeign
	}
	parameters := strings.Split(f[2], ",")
	if len(parameters) != 6 {
		return h, errForeign
	}
	if _, err := fmt.Sscanf(strings.Join(parameters[:4], " "), "v=1 n=%d r=%d p=1", &h.memory, &h.rounds); err != nil {
		return h, errForeign
	}
	separator, ok1 := strings.CutPrefix(parameters[4], "ss=")
	key, ok2 := strings.CutPrefix(parameters[5], "sk=")
	if !ok1 || !ok2 || h.memory < 1 || h.memory > maxFirebaseMemory || h.rounds < 1 || h.rounds > maxFirebaseRounds ||
		fmt.Sprintf("v=1,n=%d,r=%d,p=1", h.memory, h.rounds) != strings.Join(parameters[:4], ",") {
		return h, errForeign
	}
	for into, text := range map[*[]byte]string{&h.separator: separator, &h.key: key, &h.salt: f[3], &h.hash: f[4]} {
		if *into, err = base64.StdEncoding.Strict().DecodeString(text); err != nil || len(*into) > maxForeignSalt {
			return h, errForeign
		}
	}
	if len(h.key) == 0 || len(h.key) != len(h.hash) {
		return h, errForeign
	}
	return h, nil
}

// matches derives a key from the password, and encrypts the project's key with it.
func (h firebase) matches(password []byte) (bool, error) {
	derived, err := scrypt.Key(password, append(h.salt[:len(h.salt):len(h.salt)], h.separator...), 1<<h.memory, h.rounds, 1, 32)
	if err != nil {
		return false, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return false, err
	}
	sum := make([]byte, len(h.key))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(sum, h.key)
	return subtle.ConstantTimeCompare(sum, h.hash) == 1, nil
}
