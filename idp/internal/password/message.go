package password

import (
	"encoding/binary"
	"errors"
)

// maxStored is the longest stored hash that is looked at, in bytes. Ours have about 100, and those
// of Firebase, the longest that can be imported, less than 1,500.
const maxStored = 4096

// A request is what a worker process is asked: to hash a password, or to compare it with a stored
// hash.
//
//	'h' memory:4 iterations:4 lanes:1 password
//	'm' length:2 stored password
//
// Numbers have their high byte first.
type request struct {
	stored   string // "": to hash
	cost     Params
	password string
}

var errRequest = errors.New("password: not a request to a hash worker")

func (r request) bytes() []byte {
	var b []byte
	if r.stored == "" {
		b = binary.BigEndian.AppendUint32([]byte{'h'}, r.cost.MemoryKiB)
		b = binary.BigEndian.AppendUint32(b, r.cost.Iterations)
		b = append(b, r.cost.Lanes)
	} else {
		b = binary.BigEndian.AppendUint16([]byte{'m'}, uint16(len(r.stored)))
		b = append(b, r.stored...)
	}
	return append(b, r.password...)
}

// parseRequest accepts nothing that would cost more than a login may.
func parseRequest(b []byte) (r request, err error) {
	switch {
	case len(b) >= 10 && b[0] == 'h':
		r.cost = Params{MemoryKiB: binary.BigEndian.Uint32(b[1:]), Iterations: binary.BigEndian.Uint32(b[5:]), Lanes: b[9]}
		r.password, err = string(b[10:]), r.cost.check()
	case len(b) >= 3 && b[0] == 'm':
		stored := int(binary.BigEndian.Uint16(b[1:]))
		if stored < 1 || stored > maxStored || len(b) < 3+stored {
			return request{}, errRequest
		}
		r.stored, r.password = string(b[3:3+stored]), string(b[3+stored:])
	default:
		return request{}, errRequest
	}
	if err != nil || len(r.password) > MaxBytes {
		return request{}, errRequest
	}
	return r, nil
}

// An answer has the new hash, or whether the password matches, or the error of a stored hash.
//
//	'h' PHC string
//	'y' it matches
//	'n' it does not
//	'e' text
type answer struct {
	hash    string
	matches bool
	err     string
}

var errAnswer = errors.New("password: not an answer of a hash worker")

func (a answer) bytes() []byte {
	switch {
	case a.err != "":
		return append([]byte{'e'}, a.err...)
	case a.hash != "":
		return append([]byte{'h'}, a.hash...)
	case a.matches:
		return []byte{'y'}
	}
	return []byte{'n'}
}

func parseAnswer(b []byte) (answer, error) {
	switch {
	case len(b) == 1 && b[0] == 'y':
		return answer{matches: true}, nil
	case len(b) == 1 && b[0] == 'n':
		return answer{}, nil
	case len(b) > 1 && len(b) <= 1024 && b[0] == 'e':
		return answer{err: string(b[1:])}, nil
	case len(b) > 1 && b[0] == 'h':
		_, err := parsePHC(string(b[1:]))
		return answer{hash: string(b[1:])}, err
	}
	return answer{}, errAnswer
}
