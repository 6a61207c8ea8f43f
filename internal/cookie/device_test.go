package cookie

import (
	"testing"
	"time"
)

var someDevice = Device{Browser: [16]byte{1}, Account: [16]byte{2}, User: [16]byte{3}, MintedAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}

func FuzzDeviceCookie(f *testing.F) {
	keys := newKeys()
	devices := NewDevices(keys, "store", "store.test")
	genuine := devices.Format(someDevice)
	f.Add(genuine)
	f.Add(NewDevices(keys, "forums", "store.test").Format(someDevice))
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		if c, ok := devices.Parse(value); ok && value != genuine {
			t.Errorf("%q is taken for %+v", value, c)
		}
	})
}

func TestDevices_roundTrip(t *testing.T) {
	devices := NewDevices(newKeys(), "store", "store.test")
	if got, ok := devices.Parse(devices.Format(someDevice)); !ok || got != someDevice {
		t.Errorf("%+v, %v", got, ok)
	}
}
