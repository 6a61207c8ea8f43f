package idp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// A ticket lets its holder do one thing for one user until a deadline. It is
// not stored: it carries a MAC over what it is for and over the state that it
// was made in, so that using it makes it worthless where that changes the state.
type ticket string

// What tickets are for, and how long they are good: FusionAuth's defaults.
const (
	forChange       = "change password" // the id of a 203, or of a call with an API key
	forMailedChange = "forgot password" // the id of a mail
	forOneLogin     = "one-time password"
	forVerification = "verify e-mail"
	forSecondFactor = "second factor"
	forTrust        = "trusted computer"

	changeTTL       = 10 * time.Minute
	oneLoginTTL     = time.Minute
	verificationTTL = 24 * time.Hour
	secondFactorTTL = 5 * time.Minute
	trustTTL        = 30 * 24 * time.Hour
)

const ticketVersion = 2

var ticketEncoding = base64.RawURLEncoding.Strict()

func (s *Server) ticket(purpose string, u *User, ttl time.Duration) ticket {
	body := append([]byte{ticketVersion}, uuidBytes(u.ID)...)
	body = binary.BigEndian.AppendUint64(body, uint64(millis(s.now().Add(ttl))))
	return ticket(ticketEncoding.EncodeToString(s.appendTicketMAC(body, purpose, u)))
}

func uuidBytes(id string) []byte {
	u := uuid.MustParse(id)
	return u[:]
}

func (s *Server) appendTicketMAC(body []byte, purpose string, u *User) []byte {
	mac := hmac.New(sha256.New, s.secrets.ticket[:])
	mac.Write(body)
	for _, text := range []string{purpose, u.ticketState(purpose)} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		mac.Write([]byte(text))
	}
	return mac.Sum(body)
}

// ticketState is what has changed when a ticket is used up.
func (u *User) ticketState(purpose string) string {
	switch purpose {
	case forChange:
		return u.passwordHash
	case forMailedChange: // it proves that address, and is worth nothing once there is another
		return u.passwordHash + " " + u.Email
	case forOneLogin:
		return u.passwordHash + u.LastLoginInstant.String()
	case forVerification:
		if u.Verified {
			return u.Email + " verified"
		}
		return u.Email
	case forSecondFactor:
		return u.passwordHash + u.authenticatorID
	}
	return u.authenticatorID // a trusted computer is not asked for codes of this authenticator
}

// holder returns the active user whom a ticket is about, or ErrNotFound.
func (s *Server) holder(ctx context.Context, purpose string, t ticket) (User, error) {
	const bodySize = 1 + 16 + 8
	if len(t) != ticketEncoding.EncodedLen(bodySize+sha256.Size) { // nor has it a second spelling, with line ends
		return User{}, ErrNotFound
	}
	raw, err := ticketEncoding.DecodeString(string(t))
	if err != nil || len(raw) != bodySize+sha256.Size || raw[0] != ticketVersion {
		return User{}, ErrNotFound
	}
	body := raw[:bodySize:bodySize]
	u, err := s.UserByID(ctx, uuid.UUID(body[1:17]).String())
	if err != nil {
		return User{}, err
	}
	deadline := int64(binary.BigEndian.Uint64(body[17:]))
	if !hmac.Equal(s.appendTicketMAC(body, purpose, &u), raw) || millis(s.now()) >= deadline || !u.Active {
		return User{}, ErrNotFound
	}
	return u, nil
}
