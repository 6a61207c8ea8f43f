package idp

import "strings"

// hasNUL reports whether text holds a NUL, which PostgreSQL cannot store.
func hasNUL(text string) bool { return strings.Contains(text, "\x00") }
