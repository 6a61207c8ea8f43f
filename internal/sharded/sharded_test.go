package sharded_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/internal/sharded"
)

func TestMap_keepsWhatIsSet(t *testing.T) {
	var m sharded.Map[[16]byte, int]
	for i := range 1000 {
		m.Set([16]byte{byte(i), byte(i >> 8)}, i)
	}
	if got, ok := m.Get([16]byte{231, 3}); got != 999 || !ok {
		t.Error(got, ok)
	}
	if m.SetFirst([16]byte{0}, 5) || !m.SetFirst([16]byte{0, 0, 1}, 1000) {
		t.Error("SetFirst replaces a value, or sets none")
	}
	m.DeleteIf([16]byte{0}, func(v int) bool { return v == 1 })
	m.DeleteIf([16]byte{1}, func(v int) bool { return v == 1 })
	m.DeleteFunc(func(_ [16]byte, v int) bool { return v >= 3 })
	sum := 0
	m.All(func(_ [16]byte, v int) { sum += v })
	if sum != 0+2 {
		t.Error(sum)
	}
}
