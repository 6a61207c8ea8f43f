package cookie

import (
	"testing"
	"time"
)

var someDevice = Device{Browser: [16]byte{1}, Account: [16]byte{2}, User: [16]byte{3}, MintedAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}

func FuzzDeviceCookie(f *testing.F) {
	keys := newKeys()
	devices := NewDevices(keys, "store", "store.test")
	boundBefore := someDevice
	boundBefore.BoundBefore = true
	genuine := map[string]Device{devices.Format(someDevice): someDevice, devices.Format(boundBefore): boundBefore}
	for value := range genuine {
		f.Add(value)
	}
	f.Add(NewDevices(keys, "forums", "store.test").Format(someDevice))
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		if c, ok := devices.Parse(value); ok && c != genuine[value] {
			t.Errorf("%q is taken for %+v", value, c)
		}
	})
}

// The version is in what is sealed: nobody but the app sees whether the browser has bound before.
func TestDevices_roundTrip(t *testing.T) {
	devices := NewDevices(newKeys(), "store", "store.test")
	for version, boundBefore := range map[byte]bool{1: false, 2: true} {
		c := someDevice
		c.BoundBefore = boundBefore
		value := devices.Format(c)
		if got, ok := devices.Parse(value); !ok || got != c {
			t.Errorf("%+v, %v; want %+v", got, ok, c)
		}
		raw, err := Encoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := devices.sealer.Open(c.Browser, raw[idSize:]); err != nil || plain[0] != version {
			t.Errorf("version %d: %x, %v", version, plain, err)
		}
	}
}
