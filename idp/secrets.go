package idp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// secrets are the keys that follow from Config.Secret, one for each purpose.
type secrets struct {
	refresh refreshtoken.Key
	digest  [32]byte // API keys and client secrets at rest
	loginID [32]byte // login ids in the log
	ticket  [32]byte // ids of a change, of a mail, and the like
	seal    cipher.AEAD
}

func deriveSecrets(root Secret) (*secrets, error) {
	var err error
	derive := func(purpose string) (key [32]byte) {
		k, e := hkdf.Key(sha256.New, root[:], nil, "latchkey idp: "+purpose, len(key))
		err = errors.Join(err, e)
		copy(key[:], k)
		return key
	}
	s := &secrets{
		refresh: derive("refresh tokens"),
		digest:  derive("credential digests"),
		loginID: derive("login ids in logs"),
		ticket:  derive("tickets"),
	}
	sealing := derive("signing keys at rest")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing[:])
	if err != nil {
		return nil, err
	}
	s.seal, err = cipher.NewGCMWithRandomNonce(block)
	return s, err
}

// credentialDigest is the form in which an API key or a client secret is
// stored and looked up. It is keyed, so that a dump of the database does not
// let anyone try out the weak ones.
func (s *secrets) credentialDigest(kind, credential string) []byte {
	mac := hmac.New(sha256.New, s.digest[:])
	fmt.Fprintf(mac, "%s\x00%s", kind, credential)
	return mac.Sum(nil)
}

func (s *secrets) apiKeyDigest(key string) []byte { return s.credentialDigest("api key", key) }

// clientSecretDigest binds the secret to its application.
func (s *secrets) clientSecretDigest(applicationID, secret string) []byte {
	return s.credentialDigest("client secret of "+applicationID, secret)
}

// newClientSecretDigest is nil if the application has no client secret.
func (s *secrets) newClientSecretDigest(a Application) []byte {
	if a.ClientSecret == "" {
		return nil
	}
	return s.clientSecretDigest(a.ID, a.ClientSecret)
}

func (s *secrets) recoveryCodeDigest(userID, code string) []byte {
	return s.credentialDigest("recovery code", userID+" "+string(plainCode(code)))
}

// loginIDHash replaces a login id in the log, because people type passwords into the wrong field.
func (s *secrets) loginIDHash(loginID string) string {
	mac := hmac.New(sha256.New, s.loginID[:])
	mac.Write([]byte(loginid.Canonical(loginID)))
	return hex.EncodeToString(mac.Sum(nil)[:6])
}

// sealed encrypts a secret under the name that it is stored by.
func (s *secrets) sealed(name string, private []byte) []byte {
	return s.seal.Seal(nil, nil, private, []byte(name))
}

func (s *secrets) unsealed(name string, sealed []byte) ([]byte, error) {
	return s.seal.Open(nil, nil, sealed, []byte(name))
}
