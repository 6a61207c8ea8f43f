package pgstore

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey"
)

// Messages on the channel are text: a letter for the kind and version, and the rest.
const (
	channel = "latchkey_sessions"

	idsPrefix  = "1" // ids one after the other, in base64
	beatPrefix = "b" // a stream's question to itself, which others ignore
)

// idsPerMessage is limited by PostgreSQL's maximum of 7,999 bytes.
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

var errForeign = errors.New("pgstore: message of another program version on the channel")

// parseMessage returns the ids that a message names. Anyone who may connect to the database can
// send one: an unreadable one could be about a write, so it is an error.
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
