package password

// A computation computes what takes long. It knows nothing but its arguments, so that it can be
// done in another process. It does not check how long a password is.
type computation interface {
	// hash returns the PHC string of a new password.
	hash(password string, p Params) string

	// matches reports whether stored was made of the password. The error is that of a malformed or
	// too expensive hash, and does not contain it.
	matches(stored, password string) (bool, error)

	close()
}

// inProcess computes in the process that asks.
type inProcess struct{}

func (inProcess) hash(password string, p Params) string {
	return hash([]byte(Normalize(password)), p)
}

func (inProcess) matches(stored, password string) (bool, error) {
	if isForeign(stored) {
		return matchesForeign(stored, password)
	}
	known, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	return known.matches([]byte(Normalize(password))), nil
}

func (inProcess) close() {}
