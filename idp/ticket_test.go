package idp

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// A ticket has one text, and one of before the last version is good as long as it was promised.
func TestTickets(t *testing.T) {
	s, err := Open(t.Context(), Config{Secret: Secret{1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := s.CreateUser(t.Context(), NewUser{Email: "ada@example.com", Password: "correct horse " + strings.Repeat("b", 10)})
	if err != nil {
		t.Fatal(err)
	}
	good := s.tickets.issue(forVerification, &u, time.Hour)
	bare := append([]byte{bareTicketVersion}, uuidBytes(u.ID)...)
	bare = binary.BigEndian.AppendUint64(bare, uint64(database.Millis(s.now().Add(time.Hour))))
	old := ticket(ticketEncoding.EncodeToString(s.secrets.appendTicketMAC(bare, forVerification, &u)))
	for name, c := range map[string]struct {
		purpose string
		ticket  ticket
		good    bool
	}{
		"good": {forVerification, good, true}, "of the version before": {forVerification, old, true}, "for something else": {forChange, good, false},
		"a line end": {forVerification, good + "\n", false}, "a line end inside": {forVerification, good[:9] + "\r\n" + good[9:], false}, "cut": {forVerification, good[:len(good)-4], false},
		"empty": {forVerification, "", false}, "longer": {forVerification, good + "AAAA", false}, "padded": {forVerification, good + "==", false},
		"the nonce taken out": {forVerification, old[:33] + good[44:], false},
	} {
		if holder, err := s.tickets.user(t.Context(), c.purpose, c.ticket); (err == nil) != c.good || c.good && holder.ID != u.ID {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again := s.tickets.issue(forVerification, &u, time.Hour); again == good {
		t.Error("two tickets of one text")
	}
}
