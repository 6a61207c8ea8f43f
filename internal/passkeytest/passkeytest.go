// Package passkeytest makes keys for the virtual authenticators of tests.
package passkeytest

import "github.com/descope/virtualwebauthn"

// coseSize is the length of a P-256 key in COSE with both coordinates complete.
const coseSize = 77

// NewKey makes a key as authenticators do: with coordinates of 32 bytes (RFC 9053, section 7.1.1).
// One in 128 of virtualwebauthn's keys is shorter, without its leading zero, and is rightly
// refused.
func NewKey() virtualwebauthn.Credential {
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == coseSize {
			return c
		}
	}
}
