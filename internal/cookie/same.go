package cookie

import "encoding/binary"

// same reports whether a text is the kept one. The time that it takes does not depend on where they
// differ, so it tells nothing of the kept MAC. crypto/subtle compares one byte at a time.
func same(kept []byte, text string) bool {
	if len(kept) != len(text) {
		return false
	}
	var differ uint64
	got := []byte(text)
	for len(kept) >= 8 && len(got) >= 8 {
		differ |= binary.LittleEndian.Uint64(kept) ^ binary.LittleEndian.Uint64(got)
		kept, got = kept[8:], got[8:]
	}
	for i := range kept {
		differ |= uint64(kept[i] ^ got[i])
	}
	return differ == 0
}
