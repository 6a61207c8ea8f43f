package dbsctest

import (
	"net/url"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// nextProof returns what the next post proves: a newly signed challenge if there is one, else the
// last proof, or "" without either. Its error may be errQuota.
func (b *Browser) nextProof(s *session) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Challenge == "" {
		if s.Proof == "" && !b.maySignLocked() {
			return "", errQuota
		}
		return s.Proof, nil
	}
	if !b.countSignatureLocked() {
		return "", errQuota
	}
	proof, err := SignProof(s.Key, dbsc.Claims{Challenge: s.Challenge, Audience: b.audience(s.RefreshURL)})
	if err == nil {
		s.Proof, s.Challenge = proof, ""
	}
	return proof, err
}

func (b *Browser) audience(target *url.URL) []string {
	if !b.Audience {
		return nil
	}
	return []string{target.String()}
}
