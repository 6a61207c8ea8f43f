package cookie

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"
)

var makeSample = flag.String("formats.make", "", "the file into which to write a sample of the texts of a bound session, as this program has them")

// A boundSample is what a program left behind of one bound session.
type boundSample struct {
	place
	Session, Refresh, Device, Bound                            string
	SessionIdentifier, RegistrationChallenge, RefreshChallenge string
}

// What the sample says.
var (
	sampleTime       = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	sampleThumbprint = sha256.Sum256([]byte("a public key"))
	sampleContent    = Content{
		Mark:   Mark{ID: [16]byte{1, 2, 3}, Generation: 2, Branch: Branch{4, 5, 6}, MintedAt: sampleTime, Keyed: true},
		UserID: "user-live", AuthenticatedAt: sampleTime, AuthMethods: []string{"pwd"}, CreatedAt: sampleTime,
		Deadline: sampleTime.Add(90 * 24 * time.Hour), Token: "a refresh token", TokenID: "id-user-live", Persistent: true,
		PublicKey: bytes.Repeat([]byte{7}, 64), BoundAt: sampleTime.Add(time.Minute),
	}
	sampleDevice = Device{Browser: [16]byte{8}, Account: [16]byte{9}, User: [16]byte{10}, MintedAt: sampleTime, BoundBefore: true}
)

// TestFormats_boundSession: what any version has written of a bound session says the same forever.
func TestFormats_boundSession(t *testing.T) {
	var s boundSample
	load(t, "v2/bound.json", &s)
	keys, host, id := s.keys(t), s.host(t), sampleContent.ID
	if got, ok := NewRefreshes(keys, s.App, host).Parse(s.Refresh); !ok || !reflect.DeepEqual(got, sampleContent) {
		t.Errorf("refresh cookie: %+v, %v", got, ok)
	}
	if got, ok := NewDevices(keys, s.App, host).Parse(s.Device); !ok || got != sampleDevice {
		t.Errorf("device cookie: %+v, %v", got, ok)
	}
	got, ok := NewSessions(keys, s.App, host).Parse(s.Session)
	check(t, "session cookie", got.MintedAt, ok && got.Same(sampleContent.Mark) && got.Keyed)
	end, ok := NewBoundCookies(keys, s.App, host).Parse(s.Bound, id, sampleThumbprint)
	check(t, "bound cookie", end, ok)
	at, ok := NewRegistrationChallenges(keys, s.App, host).Parse(s.RegistrationChallenge, id)
	check(t, "registration challenge", at, ok)
	at, ok = NewRefreshChallenges(keys, s.App, host).Parse(s.RefreshChallenge, id, sampleThumbprint)
	check(t, "refresh challenge", at, ok)
	named, deadline, ok := NewSessionIdentifiers(keys, s.App, host).Parse(s.SessionIdentifier)
	check(t, "session identifier", deadline, ok && named == id)
}

func check(t *testing.T, what string, at time.Time, ok bool) {
	if !ok || !at.Equal(sampleTime) {
		t.Errorf("%s: %v, %v", what, at, ok)
	}
}

// TestFormats_before: cookies from before there were bound sessions are of none.
func TestFormats_before(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		var s struct {
			place
			Cookies map[string]struct{ Session, Refresh, Device string }
		}
		load(t, version+"/samples.json", &s)
		keys, host := s.keys(t), s.host(t)
		for name, c := range s.Cookies {
			if m, ok := NewSessions(keys, s.App, host).Parse(c.Session); !ok || m.Keyed {
				t.Errorf("%s, %s: session cookie: %+v, %v", version, name, m, ok)
			}
			if m, ok := NewRefreshes(keys, s.App, host).Parse(c.Refresh); !ok || m.Keyed || !m.BoundAt.IsZero() {
				t.Errorf("%s, %s: refresh cookie: %+v, %v", version, name, m, ok)
			}
			if d, ok := NewDevices(keys, s.App, host).Parse(c.Device); !ok || d.BoundBefore {
				t.Errorf("%s, %s: device cookie: %+v, %v", version, name, d, ok)
			}
		}
	}
}

func load(t *testing.T, file string, sample any) {
	text, err := os.ReadFile("../../testdata/formats/" + file)
	if err == nil {
		err = json.Unmarshal(text, sample)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFormats_make writes a sample: go test -run Formats_make . -formats.make bound.json
func TestFormats_make(t *testing.T) {
	if *makeSample == "" {
		t.Skip("samples are made once")
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	s := boundSample{place: place{Origin: "https://store.example.com", App: "store", Keys: "latchkey-key-2:" + Encoding.EncodeToString(secret) + "\n"}}
	keys, host, id := s.keys(t), s.host(t), sampleContent.ID
	s.Session = NewSessions(keys, s.App, host).Format(sampleContent.Mark)
	s.Refresh = NewRefreshes(keys, s.App, host).Format(sampleContent)
	s.Device = NewDevices(keys, s.App, host).Format(sampleDevice)
	s.Bound = NewBoundCookies(keys, s.App, host).Format(id, sampleThumbprint, sampleTime)
	s.SessionIdentifier = string(NewSessionIdentifiers(keys, s.App, host).Format(id, sampleTime))
	s.RegistrationChallenge = NewRegistrationChallenges(keys, s.App, host).Format(id, sampleTime)
	s.RefreshChallenge = NewRefreshChallenges(keys, s.App, host).Format(id, sampleThumbprint, sampleTime)
	text, err := json.MarshalIndent(s, "", "\t")
	if err == nil {
		err = os.WriteFile(*makeSample, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
