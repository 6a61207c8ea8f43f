package wire

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLoginID is the longest e-mail address or username, in code points.
const maxLoginID = 255

// LoginID returns an e-mail address or a username as it was meant: without the white space around it (Unicode's White_Space) that keyboards and
// clipboards add. It refuses what neither can be. Every form takes them through it.
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

// Password refuses a password that some provider could not use: one with a NUL, where the hash functions of some end (bcrypt). The forms that set one and those
// that use one both ask.
func Password(typed string) error {
	if strings.ContainsRune(typed, 0) {
		return errors.New("has a NUL")
	}
	return nil
}
