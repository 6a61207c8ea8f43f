package pgstore

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey"
)

// What is sent on the channel is text: a letter that says what it is, and in which version, and the rest.
const (
	channel = "latchkey_sessions"

	idsPrefix  = "1" // ids one after the other, in base64
	beatPrefix = "b" // a stream asks itself; nobody else need read on
)

// idsPerMessage is as many as PostgreSQL takes, whose limit is 7999 bytes.
const idsPerMessage = (7999 - len(idsPrefix)) / 4 * 3 / len(latchkey.ID{})

// messages returns the messages that name ids.
func messages(ids []latchkey.ID) (texts []string) {
	for len(ids) > 0 {
		n := min(len(ids), idsPerMessage)
		packed := make([]byte, 0, n*len(latchkey.ID{}))
		for _, id := range ids[:n] {
			packed = append(packed, id[:]...)
		}
		texts = append(texts, idsPrefix+base64.RawStdEncoding.EncodeToString(packed))
		ids = ids[n:]
	}
	return texts
}

var errForeign = errors.New("pgstore: a message on the channel is not of this program's version")

// parseMessage returns the ids that a message names. Anybody who may connect to the database can send one: what cannot be read may be word of a write, and is an error.
func parseMessage(text string) ([]latchkey.ID, error) {
	if strings.HasPrefix(text, beatPrefix) {
		return nil, nil
	}
	encoded, ok := strings.CutPrefix(text, idsPrefix)
	packed, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(packed)%len(latchkey.ID{}) != 0 {
		return nil, errForeign
	}
	ids := make([]latchkey.ID, len(packed)/len(latchkey.ID{}))
	for i := range ids {
		copy(ids[i][:], packed[i*len(latchkey.ID{}):])
	}
	return ids, nil
}
