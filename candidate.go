package latchkey

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// A candidate is what a request shows of one session: a mark, the proof that it is for the rules,
// and the device that sent it.
type candidate struct {
	cookie.Mark
	proof  rotation.Proof
	userID string          // from the refresh cookie; empty if unknown
	sealed *cookie.Content // the refresh cookie; nil without it
	from   Device          // who sent it
}

// candidates lists what a request shows, in the order in which it is judged. Two cookies with the
// same mark are one candidate. If they differ, the session cookie comes first, and the refresh
// cookie only if the first is not served (rule 0).
func candidates(r *http.Request, from Device, m cookie.Mark, genuine bool, content cookie.Content, sealed bool) []candidate {
	var list []candidate
	if genuine {
		c := candidate{Mark: m, proof: proofOf(m), userID: ownerOf(m, content), from: from}
		c.proof.Session = true
		list = append(list, c)
	}
	if !sealed {
		return list
	}
	if !genuine || !m.Same(content.Mark) {
		list = append(list, candidate{Mark: content.Mark, proof: proofOf(content.Mark), userID: content.UserID, from: from})
	}
	c := &list[len(list)-1]
	c.sealed, c.proof.Refresh = &content, true
	c.proof.Answers, c.proof.Follows = answered(r.Header, content.Branch), !crossorigin.IsUpgrade(r.Header)
	return list
}

// ownerOf returns the id of the user of a session, if the refresh cookie names it. A session cookie
// does not.
func ownerOf(session cookie.Mark, refresh cookie.Content) (userID string) {
	if refresh.ID != session.ID {
		return ""
	}
	return refresh.UserID
}

// proofOf is what a genuine mark proves. Which cookies have it is left out.
func proofOf(m cookie.Mark) rotation.Proof {
	return rotation.Proof{Generation: m.Generation, Branch: m.Branch.Digest(), MintedAt: m.MintedAt}
}

// unknown returns the fields of the refresh cookie that this program does not know.
func (c *candidate) unknown() packed.Unknown {
	if c.sealed == nil {
		return ""
	}
	return c.sealed.Unknown
}
