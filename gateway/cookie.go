package gateway

import (
	"encoding/hex"
	"strings"
)

// ours are the guard's cookies, of this version and those to come, without "__Host-".
var ours = [...]string{"session", "refresh", "device", "echo", "bound"}

const hostPrefix = "Host-"

// namesOurs tells whether some server would find one of our cookies in a pair of a Cookie or Set-Cookie
// header. Servers differ in what they trim from a name (tabs, quotes, any control character, spaces of
// Unicode), in what separates cookies besides ";" (commas, white space), in whether names have a case,
// and some decode a name or take "." for "_" in it. So one of our names counts wherever no other
// character of a name touches it.
func namesOurs(pair string) bool {
	return findsOurs(pair) || strings.Contains(pair, "%") && findsOurs(decoded(pair))
}

// decoded reads the escapes of a pair, and leaves what is none.
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

// underscore tells whether PHP reads an underscore there.
func underscore(c byte) bool { return strings.IndexByte("_. [+", c) >= 0 }

// inName tells whether every server takes a character for a part of the name.
func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
