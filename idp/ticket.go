package idp

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// A ticket lets its holder do one thing for one user until a deadline. It is
// not stored: it carries a MAC over what it is for and over the state that it
// was issued in. A use that changes the state invalidates the ticket.
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

// A ticket is a version, a user, a deadline, a nonce that tells two of one instant apart, and the
// MAC. Tickets without a nonce, of mails that an earlier version has sent, are taken as well.
const (
	ticketVersion     = 3
	bareTicketVersion = 2
	bareTicketSize    = 1 + 16 + 8
	ticketNonceSize   = 8
)

var ticketEncoding = base64.RawURLEncoding.Strict()

// tickets issues and checks tickets.
type tickets struct {
	db      database.Queries
	secrets *secrets
	now     func() time.Time
}

func (ts tickets) issue(purpose string, u *User, ttl time.Duration) ticket {
	body := append([]byte{ticketVersion}, uuidBytes(u.ID)...)
	body = binary.BigEndian.AppendUint64(body, uint64(database.Millis(ts.now().Add(ttl))))
	nonce := make([]byte, ticketNonceSize)
	rand.Read(nonce)
	body = append(body, nonce...)
	return ticket(ticketEncoding.EncodeToString(ts.secrets.appendTicketMAC(body, purpose, u)))
}

func uuidBytes(id string) []byte {
	u := uuid.MustParse(id)
	return u[:]
}

func (s *secrets) appendTicketMAC(body []byte, purpose string, u *User) []byte {
	mac := hmac.New(sha256.New, s.ticket[:])
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
	case forChange, forMailedChange: // its holder may have read it in the mailbox of that address
		return u.passwordHash + " " + u.Email
	case forOneLogin:
		return u.passwordHash + u.LastLoginInstant.String()
	case forVerification:
		if u.Verified {
			return u.Email + " verified"
		}
		return u.Email
	case forSecondFactor: // and good once
		return u.passwordHash + u.authenticatorID
	}
	return u.authenticatorID // a trusted computer is not asked for codes of this authenticator
}

// decoded returns the bytes of a ticket, and those that its MAC is over. A ticket has one spelling.
func (t ticket) decoded() (raw, body []byte, ok bool) {
	raw, err := ticketEncoding.DecodeString(string(t))
	// the decoder passes over line ends
	if err != nil || len(raw) == 0 || len(t) != ticketEncoding.EncodedLen(len(raw)) {
		return nil, nil, false
	}
	size := bareTicketSize
	switch raw[0] {
	case bareTicketVersion:
	case ticketVersion:
		size += ticketNonceSize
	default:
		return nil, nil, false
	}
	if len(raw) != size+sha256.Size {
		return nil, nil, false
	}
	return raw, raw[:size:size], true
}

// userOfTicket returns the active user whom a ticket is about, or ErrNotFound.
func (ts tickets) user(ctx context.Context, purpose string, t ticket) (User, error) {
	raw, body, ok := t.decoded()
	if !ok {
		return User{}, ErrNotFound
	}
	u, err := userByID(ctx, ts.db, uuid.UUID(body[1:17]).String())
	if err != nil {
		return User{}, err
	}
	deadline := int64(binary.BigEndian.Uint64(body[17:25]))
	if !hmac.Equal(ts.secrets.appendTicketMAC(body, purpose, &u), raw) || database.Millis(ts.now()) >= deadline || !u.Active {
		return User{}, ErrNotFound
	}
	return u, nil
}
