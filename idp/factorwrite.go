package idp

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

// twoFactorWrite is the second factor of a user who comes from elsewhere, with FusionAuth's names.
type twoFactorWrite struct {
	Methods []struct {
		ID            string `json:"id"`
		Method        string `json:"method"`
		Secret        string `json:"secret"` // base64
		Authenticator struct {
			Algorithm  string `json:"algorithm"`
			CodeLength int    `json:"codeLength"`
			TimeStep   int    `json:"timeStep"`
		} `json:"authenticator"`
	} `json:"methods"`
	RecoveryCodes []string `json:"recoveryCodes"`
}

// A factor is an authenticator with its recovery codes, or nothing.
type factor struct {
	secret        []byte // nil: no second factor
	recoveryCodes []string
}

// Bounds on recovery codes. Guesses at them are counted.
const (
	maxRecoveryCodes = 100
	minRecoveryCode  = 8 // bytes, without dashes and spaces
	maxRecoveryCode  = 64
)

// brought returns the factor. Methods that this provider does not have are refused: a user without
// them would be less safe than where they come from.
func (t twoFactorWrite) brought() (factor, error) {
	bad := func(field, kind, message string) (factor, error) {
		return factor{}, fusion.Invalid("user.twoFactor."+field, kind, message)
	}
	switch {
	case len(t.RecoveryCodes) > maxRecoveryCodes:
		return bad("recoveryCodes", "tooMany", fmt.Sprintf("At most %d recovery codes.", maxRecoveryCodes))
	case len(t.Methods) == 0 && len(t.RecoveryCodes) > 0:
		return bad("recoveryCodes", "invalid", "Recovery codes come with the method that they stand in for.")
	case len(t.Methods) == 0:
		return factor{}, nil
	case len(t.Methods) > 1:
		return bad("methods", "notSupported", "A user has one authenticator here.")
	}
	m := t.Methods[0]
	secret, err := base64.StdEncoding.DecodeString(m.Secret)
	switch a := m.Authenticator; {
	case m.Method != methodAuthenticator:
		return bad("methods[0].method", "notSupported", "The one method is authenticator.")
	case m.Secret == "":
		return bad("methods[0].secret", "blank", "Bring the secret of the authenticator, in base 64.")
	case err != nil || !totp.Usable(secret):
		return bad("methods[0].secret", "invalid", "A secret has 16 to 64 bytes, in base 64.")
	case a.Algorithm != "" && a.Algorithm != "HmacSHA1":
		return bad("methods[0].authenticator.algorithm", "notSupported", "The one algorithm is HmacSHA1.")
	case a.CodeLength != 0 && a.CodeLength != totp.Digits:
		return bad("methods[0].authenticator.codeLength", "notSupported", "Codes have 6 digits.")
	case a.TimeStep != 0 && a.TimeStep != totp.Period:
		return bad("methods[0].authenticator.timeStep", "notSupported", "A code is of 30 seconds.")
	}
	for i, code := range t.RecoveryCodes {
		if n := len(plainCode(code)); n < minRecoveryCode || n > maxRecoveryCode {
			return bad(fmt.Sprintf("recoveryCodes[%d]", i), "invalid", fmt.Sprintf("A recovery code has %d to %d characters.", minRecoveryCode, maxRecoveryCode))
		}
	}
	return factor{secret, t.RecoveryCodes}, nil
}

// unchanged refuses a request that would change the second factor of a user who exists. What was
// read of them may come back.
func (t twoFactorWrite) unchanged(u User) error {
	same := len(t.RecoveryCodes) == 0
	for _, m := range t.Methods {
		same = same && m.Secret == "" && m.ID == u.authenticatorID
	}
	if !same {
		return fusion.Invalid("user.twoFactor", "notSupported", "The second factor of a user is set up with /api/user/two-factor.")
	}
	return nil
}

// A sealedFactor is a factor as it is stored.
type sealedFactor struct {
	id      string // "" is none
	secret  []byte
	digests [][]byte
}

func (s *secrets) sealFactor(userID string, f factor) (sealed sealedFactor) {
	if f.secret == nil {
		return sealed
	}
	sealed.id = uuid.NewString()
	sealed.secret = s.sealed(sealed.id, f.secret)
	for _, code := range f.recoveryCodes {
		sealed.digests = append(sealed.digests, s.recoveryCodeDigest(userID, code))
	}
	return sealed
}

// insert gives the factor to a user who was just created.
func (f sealedFactor) insert(tx *sql.Tx, userID string) error {
	if f.id == "" {
		return nil
	}
	if err := database.Changed(tx.Exec(`UPDATE users SET authenticator_id = $1, authenticator_secret = $2 WHERE id = $3`, f.id, f.secret, userID)); err != nil {
		return err
	}
	for _, digest := range f.digests { // one that is there twice is one
		if _, err := tx.Exec(`INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING`, userID, digest); err != nil {
			return err
		}
	}
	return nil
}

// plainCode returns a recovery code without the dashes and spaces that make it easy to read.
func plainCode(typed string) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, []byte(strings.ToUpper(typed)))
}
