package forums

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// The limits of texts, in characters.
const (
	maxTitle = 120
	maxPost  = 4000
)

// cleanTitle returns a title as it is stored: one line without spaces around it.
func cleanTitle(s string) (string, error) {
	return clean("title", s, maxTitle, "")
}

// cleanPost returns a post as it is stored: lines end with a line feed only.
func cleanPost(s string) (string, error) {
	return clean("body", strings.ReplaceAll(s, "\r\n", "\n"), maxPost, "\n\t")
}

func clean(field, s string, limit int, controls string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case !visible(s):
		return "", wire.BadRequest(field + ": must not be empty")
	case utf8.RuneCountInString(s) > limit:
		return "", wire.BadRequest(fmt.Sprintf("%s: at most %d characters", field, limit))
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(controls, r) }):
		return "", wire.BadRequest(field + ": contains a control character")
	}
	return s, nil
}

// visible reports whether there is anything to see: a text of joiners and direction marks alone
// looks empty.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// authorName is the name of a member on the board. It never shows the email address, which others
// could use to log in or to write to.
func authorName(names ...string) string {
	for _, name := range names {
		if visible(name) {
			return name
		}
	}
	return "A member"
}
