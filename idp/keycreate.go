package idp

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// newKey reads and checks what generating and importing a key have in common.
func (s *Server) newKey(w http.ResponseWriter, r *http.Request) (j keyJSON, k signing.NamedKey, err error) {
	var body keyBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return j, k, err
	}
	j = body.Key
	var wrong ValidationError
	if k.ID, err = newID("keyId", cmp.Or(r.PathValue("keyId"), j.ID)); err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if kind := checkKeyName(j.Name); kind != "" {
		wrong = append(wrong, fusion.Invalid("key.name", kind, "A key has a name, of 1 to 191 characters.")...)
	}
	switch {
	case j.Algorithm == "":
		wrong = append(wrong, fusion.Invalid("key.algorithm", "blank", "A key has an algorithm.")...)
	case !slices.Contains(signing.Algorithms, j.Algorithm):
		wrong = append(wrong, fusion.Invalid("key.algorithm", "invalid", "The algorithms are ES256, RS256, EdDSA and HS256.")...)
	}
	k.Name, k.Algorithm, k.Created = j.Name, j.Algorithm, s.now()
	k.Updated = database.Millis(k.Created)
	return j, k, fusion.OrNil(wrong)
}

func checkKeyName(name string) (kind string) {
	switch {
	case strings.TrimSpace(name) == "":
		return "blank"
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return "invalid"
	case utf8.RuneCountInString(name) > 191:
		return "tooLong"
	}
	return ""
}

// generateKey answers POST /api/key/generate[/{keyId}].
func (s *Server) generateKey(w http.ResponseWriter, r *http.Request) error {
	j, k, err := s.newKey(w, r)
	if err != nil {
		return err
	}
	bits := cmp.Or(j.Length, signing.MinRSABits)
	if k.Algorithm == jose.RS256 && !slices.Contains([]int{signing.MinRSABits, 3072, signing.MaxRSABits}, bits) {
		return fusion.Invalid("key.length", "invalid", "An RSA key has 2048, 3072 or 4096 bits.")
	}
	if k.Private, err = signing.Generate(k.Algorithm, bits); err != nil {
		return err
	}
	if k.KID, err = signing.Fingerprint(k.Private); err != nil {
		return err
	}
	return s.storeNewKey(w, r, k)
}

// importKey answers POST /api/key/import[/{keyId}].
func (s *Server) importKey(w http.ResponseWriter, r *http.Request) error {
	j, k, err := s.newKey(w, r)
	if err != nil {
		return err
	}
	if k.Private, err = imported(j); err != nil {
		return err
	}
	if len(j.KID) > 191 || strings.Trim(j.KID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") != "" {
		return fusion.Invalid("key.kid", "invalid", "A kid has letters, digits and -._~, at most 191.")
	}
	if k.KID = j.KID; k.KID == "" {
		if k.KID, err = signing.Fingerprint(k.Private); err != nil {
			return err
		}
	}
	return s.storeNewKey(w, r, k)
}

// imported is the key that a request brings.
func imported(j keyJSON) (any, error) {
	switch {
	case j.Certificate != "":
		return nil, fusion.Invalid("key.certificate", "notSupported", "Bring the private key without a certificate.")
	case j.Algorithm == jose.HS256:
		secret, err := signing.ParseSecret(j.Secret)
		if err != nil {
			return nil, fusion.Invalid("key.secret", "invalid", "A secret of HS256 has 32 to 1024 bytes.")
		}
		return secret, nil
	case j.PrivateKey == "":
		return nil, fusion.Invalid("key.privateKey", "blank", "Bring the private key in PEM: keys that only verify are not kept.")
	}
	private, err := signing.ParsePEM(j.Algorithm, j.PrivateKey)
	if err != nil {
		return nil, fusion.Invalid("key.privateKey", "invalid",
			"This is no private key of that algorithm in PEM: P-256, RSA of 2048 to 4096 bits, or Ed25519, not encrypted.")
	}
	return private, nil
}

func (s *Server) storeNewKey(w http.ResponseWriter, r *http.Request, k signing.NamedKey) error {
	if err := s.keys.Insert(r.Context(), k); err != nil {
		return keyError(err)
	}
	s.log.InfoContext(r.Context(), "key created", "key", k.ID, "kid", k.KID, "algorithm", k.Algorithm)
	return replyKey(w, k)
}
