package wire

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLoginID is the longest e-mail address or username, in code points.
const maxLoginID = 255

// LoginID returns an e-mail address or a username without the white space around it (Unicode's
// White_Space), which keyboards and clipboards add. It refuses what can be neither. Every form uses
// it.
func LoginID(typed string) (string, error) {
	id := strings.TrimSpace(typed)
	switch {
	case id == "":
		return "", errors.New("required")
	case utf8.RuneCountInString(id) > maxLoginID:
		return "", errors.New("longer than 255 characters")
	case strings.ContainsFunc(id, unicode.IsControl):
		return "", errors.New("has a control character")
	}
	return id, nil
}

// Password refuses a password with a NUL: some hash functions stop there (bcrypt), so some
// providers could not use it. The forms that set a password and those that check one both call it.
func Password(typed string) error {
	if strings.ContainsRune(typed, 0) {
		return errors.New("has a NUL")
	}
	return nil
}
