package dbsc_test

import (
	"encoding/base64"
	"testing"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// What Chromium 156 sent: a registration with the challenge chal-1 and the authorization authcode1,
// and a refresh with the challenge chal-2.
const (
	chromiumRegistration = "eyJhbGciOiJFUzI1NiIsImp3ayI6eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6IkRIWTA1SG5WTVdFMVpwdUx3VUE4RHlDNVdhX29lVi14UmdTMER5VkJrX2MiLCJ5IjoicUI3enVWWVNaX0JrZWpBcWZONWltZ051RVl4ZjlLZWVNRVAtcXNFZlRfZyJ9LCJ0eXAiOiJkYnNjK2p3dCJ9.eyJhdXRob3JpemF0aW9uIjoiYXV0aGNvZGUxIiwianRpIjoiY2hhbC0xIn0.qFTshaBI4ZJ2IGxZPXLyFy_3hxafRXWZERMKPuaWV0hptH7BpfP7dkjvk_tYeG7TW9w5AXLAOJmA-T_aVC0tNQ"
	chromiumProof        = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRic2Mrand0In0.eyJqdGkiOiJjaGFsLTIifQ.qFGD7ZghxfZA5OioZNuOLvmMPD6gBjGRQxXoIWmm6dxLEzIgDmJDcFgNGlYbdHDn6uHDfVYJ8Acz1tapBIib7w"
	chromiumThumbprint   = "m_q32DRAdmyWvCg9tW3D0yg8k5Qr6TyZCeQEjPPNR5M"
)

func TestVectors_ofChromium(t *testing.T) {
	r, err := dbsc.ParseRegistration(chromiumRegistration)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(); err != nil {
		t.Error(err)
	}
	if r.Challenge != "chal-1" || r.Authorization != "authcode1" || r.Audience != nil || r.Key.Algorithm() != dbsc.ES256 {
		t.Errorf("%+v", r.Claims)
	}
	thumbprint := r.Key.Thumbprint()
	if got := base64.RawURLEncoding.EncodeToString(thumbprint[:]); got != chromiumThumbprint {
		t.Errorf("thumbprint %s", got)
	}
	p, err := dbsc.ParseProof(chromiumProof)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(r.Key); err != nil {
		t.Error(err)
	}
	if p.Challenge != "chal-2" || p.Authorization != "" || p.Algorithm != dbsc.ES256 {
		t.Errorf("%+v", p)
	}
	stored, err := dbsc.ParseKey(r.Key.Bytes())
	if err != nil || stored != r.Key || len(stored.Bytes()) != 64 {
		t.Errorf("%d bytes, %v", len(stored.Bytes()), err)
	}
}
