package breached

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxLine is longer than any password that can be set.
const maxLine = 4096

// eachKey calls do with the first 64 bits of the SHA-1 of each password of a list, one a line: the
// password, its SHA-1 in hexadecimal, or the hash with a colon and a count, as Have I Been Pwned
// publishes them. It returns the number of lines skipped because they cannot be set as passwords.
func eachKey(list io.Reader, do func(uint64) error) (passed uint64, err error) {
	lines := bufio.NewReaderSize(list, maxLine)
	for long := false; ; {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return passed, err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		key, says := keyOf(line)
		switch {
		case long || says == garbage:
			passed++
		case says == aPassword:
			if err := do(key); err != nil {
				return passed, err
			}
		}
		long = false
		if errors.Is(err, io.EOF) {
			return passed, nil
		}
	}
}

// content is what a line contains.
type content int

const (
	aPassword content = iota
	nothing           // an empty line, or padding: a hash that was never seen
	garbage           // what cannot be set as a password
)

// keyOf returns the key of a line. A password is hashed in NFC, the form in which it would be set.
func keyOf(line []byte) (uint64, content) {
	digits, count, counted := bytes.Cut(line, []byte(":"))
	if len(digits) == 2*sha1.Size && (!counted || isNumber(count)) {
		var sum [sha1.Size]byte
		if _, err := hex.Decode(sum[:], digits); err == nil && counted && len(bytes.Trim(count, "0")) == 0 {
			return 0, nothing
		} else if err == nil {
			return binary.BigEndian.Uint64(sum[:]), aPassword
		}
	}
	switch {
	case len(line) == 0:
		return 0, nothing
	case !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0:
		return 0, garbage
	}
	sum := sha1.Sum(norm.NFC.Bytes(line))
	return binary.BigEndian.Uint64(sum[:]), aPassword
}

func isNumber(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }
