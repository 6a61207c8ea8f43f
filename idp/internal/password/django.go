package password

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// schemeDjango is Django's. The name is ours; the password is a whole string of auth_user.password.
// Its hashes are those of other schemes in another spelling, and are stored as those.
const schemeDjango = "django"

// fromDjango reads "pbkdf2_sha256$iterations$salt$hash" and "argon2$argon2id$v=19$…".
func fromDjango(text string) (Foreign, error) {
	if phc, ok := strings.CutPrefix(text, "argon2$"); ok {
		return Foreign{Scheme: schemeArgon2id, Hash: "$" + phc}, nil
	}
	f := strings.Split(text, "$")
	if len(f) != 4 || f[0] != "pbkdf2_sha256" {
		return Foreign{}, errForeign
	}
	factor, err := strconv.Atoi(f[1])
	if err != nil || factor == 0 {
		return Foreign{}, errForeign
	}
	// The salt is text there: its letters are the bytes.
	return Foreign{Scheme: "salted-pbkdf2-hmac-sha256", Factor: factor, Salt: base64.StdEncoding.EncodeToString([]byte(f[2])), Hash: f[3]}, nil
}
