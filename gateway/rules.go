package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// rules say which paths need a login. The longest matching prefix decides. A prefix matches whole
// segments: "/api" and "/api/" are the same, and do not match "/apiary".
type rules struct {
	protect []string // folded, without a slash at the end; "" is everything
	public  []string // as they are, without a slash at the end
	base    string   // of the routes of the guard, folded
}

// newRules reads the prefixes, and returns every mistake in them. If protect is nil (not just
// empty), everything that is not public needs a login.
func newRules(protect, public []string) (rules, error) {
	var r rules
	var errs []error
	if protect == nil {
		protect = []string{"/"}
	}
	for _, prefix := range protect {
		path, err := rulePath(prefix)
		if err != nil {
			errs = append(errs, fmt.Errorf("protect: %w", err))
			continue
		}
		r.protect = append(r.protect, fold(path))
	}
	for _, prefix := range public {
		path, err := rulePath(prefix)
		if err != nil {
			errs = append(errs, fmt.Errorf("public: %w", err))
			continue
		}
		if slices.Contains(r.protect, fold(path)) {
			errs = append(errs, fmt.Errorf("public: %s is protected too: leave one of the two out", prefix))
		}
		r.public = append(r.public, path)
	}
	return r, errors.Join(errs...)
}

// rulePath accepts a plain path only, and returns it without a slash at the end. Patterns of other
// programs would match nothing, and leave open what they seem to protect.
func rulePath(prefix string) (string, error) {
	path, err := cleanPath(&url.URL{Path: prefix})
	if err != nil || strings.ContainsFunc(prefix, notInRules) || strings.Contains(prefix+"/", "/.../") {
		return "", fmt.Errorf("%q is not a plain path: %s", prefix, instead(prefix))
	}
	return strings.TrimSuffix(path, "/"), nil
}

// notInRules reports whether a character has, or may have, a meaning in some program's patterns.
func notInRules(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune("/-._~@", r)
}

// instead says what to write for a rule that is not a plain path.
func instead(rule string) string {
	var plain strings.Builder
	for segment := range strings.SplitSeq(strings.Trim(rule, "/"), "/") {
		if segment == "" || strings.ContainsFunc(segment, notInRules) || strings.Trim(segment, ".") == "" {
			break
		}
		plain.WriteString("/" + segment)
	}
	if plain.Len() == 0 {
		return "write one like /api/, which covers everything below it"
	}
	return "write " + plain.String() + "/, which covers everything below it, or a longer path of letters, digits and -._~@"
}

// protects reports whether a clean path needs a login. What is protected is compared without regard
// to case and the like, because the app may do the same; what is public must match exactly.
func (r rules) protects(path string) bool {
	protected, public := -1, -1
	folded := fold(path)
	for _, prefix := range r.protect {
		if under(folded, prefix) {
			protected = max(protected, len(prefix))
		}
	}
	for _, prefix := range r.public {
		if under(path, prefix) {
			public = max(public, len(fold(prefix)))
		}
	}
	return protected > public
}

// names reports whether a path lies below one of the prefixes other than the root: then it is the
// app's, and never a file's.
func (r rules) names(path string) bool {
	folded := fold(path)
	if under(folded, "/api") || r.base != "" && under(folded, r.base) {
		return true
	}
	for _, prefix := range r.protect {
		if prefix != "" && under(folded, prefix) {
			return true
		}
	}
	for _, prefix := range r.public {
		if prefix != "" && under(folded, fold(prefix)) {
			return true
		}
	}
	return false
}

func under(path, prefix string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// fold maps what servers and file systems may treat as the same path to one form: case,
// compatibility characters, invisible ones, spaces around a segment, dots at its end, and the
// stream of a file on NTFS ("/admin::$DATA").
func fold(path string) string {
	if alreadyFolded(path) {
		return path
	}
	path = strings.ToLower(strings.ToUpper(compatible(path)))
	path = strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, path)
	var folded strings.Builder
	for segment := range strings.SplitSeq(path, "/") {
		segment, _, _ = strings.Cut(segment, ":")
		if segment = strings.TrimLeftFunc(strings.TrimRightFunc(segment, blank), unicode.IsSpace); segment != "" {
			folded.WriteString("/" + segment)
		}
	}
	return folded.String()
}

func blank(r rune) bool { return r == '.' || unicode.IsSpace(r) }

func alreadyFolded(path string) bool {
	for i := range len(path) {
		c := path[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '/':
		case c == '.' && i+1 < len(path) && path[i+1] != '/' && path[i+1] != '.' && path[i+1] != ' ':
		default:
			return false
		}
	}
	return true
}
