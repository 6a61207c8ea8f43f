package passkeytest_test

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/latchkey-dev/latchkey/internal/passkeytest"
)

func TestNewKey(t *testing.T) {
	for range 1000 {
		key := passkeytest.NewKey()
		if _, err := webauthncose.ParsePublicKey(key.Key.AttestationData()); err != nil {
			t.Fatal(err)
		}
	}
}
