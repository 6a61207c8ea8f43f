package gateway

import (
	"encoding/hex"
	"strings"
)

// ours are the names of the guard's cookies, in this version and future ones, without "__Host-".
var ours = [...]string{"session", "refresh", "device", "echo", "bound"}

const hostPrefix = "Host-"

// namesOurs reports whether some server would find one of our cookies in a pair of a Cookie or
// Set-Cookie header. Servers differ in what they trim from a name (tabs, quotes, any control
// character, Unicode spaces), in what separates cookies besides ";" (commas, white space), and in
// case sensitivity; some decode a name, or read "." as "_". So one of our names counts wherever no
// other character of a name touches it.
func namesOurs(pair string) bool {
	return findsOurs(pair) || strings.Contains(pair, "%") && findsOurs(decoded(pair))
}

// decoded decodes the escapes of a pair, and leaves invalid ones.
func decoded(pair string) string {
	var out strings.Builder
	for i := 0; i < len(pair); i++ {
		if pair[i] == '%' && i+2 < len(pair) && isHex(pair[i+1]) && isHex(pair[i+2]) {
			c, _ := hex.DecodeString(pair[i+1 : i+3])
			out.Write(c)
			i += 2
			continue
		}
		out.WriteByte(pair[i])
	}
	return out.String()
}

func findsOurs(pair string) bool {
	for at := 2; at+len(hostPrefix) < len(pair); at++ {
		if pair[at]|0x20 != 'h' || !strings.EqualFold(pair[at:at+len(hostPrefix)], hostPrefix) || !underscore(pair[at-1]) || !underscore(pair[at-2]) || at > 2 && inName(pair[at-3]) {
			continue
		}
		rest := pair[at+len(hostPrefix):]
		for _, name := range ours {
			if len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) && (len(rest) == len(name) || !inName(rest[len(name)])) {
				return true
			}
		}
	}
	return false
}

// underscore reports whether PHP reads a character as an underscore.
func underscore(c byte) bool { return strings.IndexByte("_. [+", c) >= 0 }

// inName reports whether every server considers a character part of the name.
func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
