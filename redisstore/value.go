package redisstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey"
)

// The 1 is the version of what the keys mean.
const (
	sessionPrefix = "lk1:s:{" // a session
	// change marker: set and deleted with every write of a session, in the same script, for Watch.
	// The session's own key also changes with each use
	changePrefix  = "lk1:c:{"
	userPrefix    = "lk1:u:" // the living sessions of a user, see index.go
	pendingPrefix = "lk1:r:" // the sessions whose refresh token must be revoked, see index.go
)

// The braces keep both keys of a session in one slot of a cluster.
func sessionKey(id latchkey.ID) string { return sessionPrefix + id.String() + "}" }
func changeKey(id latchkey.ID) string  { return changePrefix + id.String() + "}" }

// idOfChange reads the id from the key of a change marker.
func idOfChange(key string) (id latchkey.ID, ok bool) {
	name, isOurs := strings.CutPrefix(key, changePrefix)
	name, closes := strings.CutSuffix(name, "}")
	if !isOurs || !closes || len(name) != 22 {
		return id, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(name)
	if err != nil || len(raw) != len(id) {
		return id, false
	}
	return latchkey.ID(raw), true
}

// A value is a header that the scripts understand, and the record, compressed. The header: the
// format (1 byte), whether the session has ended (1), its version (8) and its last use in ms since
// 1970 (8), big-endian. These two are left out of the record.
//
// In format 2 one more byte says how the record is compressed, so that this can change without
// another format. What else there is to keep of a session is in the record, which grows by tagged
// fields. Format 1, which is no longer written, is compressed as dictionary1 says.
const (
	format     = 2
	headerSize = 1 + 1 + 8 + 8
	maxRecord  = 16 << 20 // bytes, before a value that claims more is believed
)

// How a record is compressed. The numbers are stored.
const (
	withDictionary1 = 1
	withDictionary2 = 2
)

var errFormat = errors.New("the stored value has an unknown format: use a newer program")

func encode(rec *latchkey.Record) (string, error) {
	value := make([]byte, headerSize)
	value[0] = format
	if !rec.EndedAt.IsZero() {
		value[1] = 1
	}
	binary.BigEndian.PutUint64(value[2:], rec.Version)
	binary.BigEndian.PutUint64(value[10:], uint64(max(milliseconds(rec.LastSeenAt), 0)))

	body := *rec
	body.Version, body.LastSeenAt = 0, time.Time{}
	plain, err := body.MarshalBinary()
	if err != nil {
		return "", err
	}
	if len(plain) > maxRecord {
		return "", fmt.Errorf("a session of %d bytes is too large", len(plain))
	}
	return string(append(append(value, withDictionary2), dictionary2.Encode(nil, plain)...)), nil
}

// decode reads the value under the key of a session. The guard checks that it belongs to that
// session, by comparing the ids.
func decode(id latchkey.ID, value string) (*latchkey.Record, error) {
	if len(value) < headerSize {
		return nil, errFormat
	}
	header := []byte(value[:headerSize])
	plain, err := decompress(value[0], []byte(value[headerSize:]))
	if err != nil {
		return nil, err
	}
	rec := &latchkey.Record{}
	if err := rec.UnmarshalBinary(plain); err != nil {
		return nil, err
	}
	if rec.ID == (latchkey.ID{}) { // written by a program that left it out
		rec.ID = id
	}
	rec.Version = binary.BigEndian.Uint64(header[2:])
	if seen := int64(binary.BigEndian.Uint64(header[10:])); seen != 0 {
		rec.LastSeenAt = time.UnixMilli(seen).UTC()
	}
	return rec, nil
}

// decompress returns the record that follows the header.
func decompress(format byte, block []byte) ([]byte, error) {
	with := byte(withDictionary1)
	if format == 2 && len(block) > 0 {
		with, block = block[0], block[1:]
	} else if format != 1 {
		return nil, errFormat
	}
	var dictionary *s2.Dict
	switch with {
	case withDictionary1:
		dictionary = dictionary1
	case withDictionary2:
		dictionary = dictionary2
	default:
		return nil, errFormat
	}
	if size, err := s2.DecodedLen(block); err != nil || size > maxRecord {
		return nil, errFormat
	}
	plain, err := dictionary.Decode(nil, block)
	if err != nil {
		return nil, errFormat
	}
	return plain, nil
}

// read reads the answer to GET of a session. One that is not there is nil.
func read(id latchkey.ID, reply rueidis.RedisResult) (*latchkey.Record, error) {
	value, err := reply.ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return decode(id, value)
}

// milliseconds since 1970, 0 for the zero time.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func versionBytes(version uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, version))
}

// keepUntil returns when a record may be forgotten, in ms since 1970; "0": never.
func keepUntil(rec *latchkey.Record) string {
	if rec.Unrevoked {
		return "0"
	}
	return strconv.FormatInt(milliseconds(rec.Deadline), 10)
}
