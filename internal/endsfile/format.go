package endsfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

const version = 1

// The file is JSON. Its digest covers the bytes of ends, so that damage is noticed wherever it is.
type document struct {
	Version int             `json:"version"`
	App     string          `json:"app"`
	SHA256  string          `json:"sha256"`
	Ends    json.RawMessage `json:"ends"`
}

func format(app string, ends []End) ([]byte, error) {
	raw, err := json.Marshal(ends)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return json.Marshal(document{version, app, hex.EncodeToString(sum[:]), raw})
}

func parse(text []byte, app string, check func(tombstone []byte) error) ([]End, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, errors.New("damaged: not JSON")
	}
	sum := sha256.Sum256(d.Ends)
	switch {
	case d.Version != version:
		return nil, fmt.Errorf("of version %d: this program reads version %d", d.Version, version)
	case d.SHA256 != hex.EncodeToString(sum[:]):
		return nil, errors.New("damaged: its digest is wrong")
	case d.App != app:
		return nil, fmt.Errorf("of the app %q, not of %q", d.App, app)
	}
	var ends []End
	if err := json.Unmarshal(d.Ends, &ends); err != nil {
		return nil, errors.New("damaged: its ends are not JSON")
	}
	for _, e := range ends {
		if err := check(e.Tombstone); err != nil {
			return nil, err
		}
	}
	return ends, nil
}
