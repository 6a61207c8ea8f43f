package latchkey

import (
	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// presented is what one request shows of one session: a mark, which of the two cookies carry it, and
// who sent it.
type presented struct {
	cookie.Mark
	userID  string // as the refresh cookie names it; empty: it does not
	session bool
	refresh bool
	answers rotation.Question // what this browser was asked, and comes back with: see challenge.go
	follows bool              // whoever sent it can be asked: it follows redirections
	sealed  *cookie.Content   // what else is in the refresh cookie; nil without it
	from    Device            // who sent it
	known   *Digest           // that of the branch, if it has been computed before
}

// unknown returns the fields of the refresh cookie that this program does not know.
func (p *presented) unknown() packed.Unknown {
	if p.sealed == nil {
		return ""
	}
	return p.sealed.Unknown
}

// proof is what the rules know of it.
func (p *presented) proof() rotation.Proof {
	branch := p.known
	if branch == nil {
		digest := Digest(p.Branch.Digest())
		branch = &digest
	}
	return rotation.Proof{
		Generation: p.Generation, Branch: rotation.Digest(*branch), MintedAt: p.MintedAt,
		Session: p.session, Refresh: p.refresh, Answers: p.answers, Follows: p.follows,
	}
}
