package mac

import (
	"encoding/hex"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/race"
)

// RFC 4231, test case 2. A key is used again, and its codes stay the same.
func TestKey_knownAnswer(t *testing.T) {
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	key := New(1, []byte("Jefe"))
	for range 3 {
		if got := hex.EncodeToString(key.Append(nil, []byte("what do ya want for nothing?"))); got != want {
			t.Errorf("%s", got)
		}
		key.Append(nil, []byte("another message"))
	}
}

func TestKey_allocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector, a pool forgets at random")
	}
	key := New(1, []byte("Jefe"))
	var sum [Size]byte
	var message [49]byte
	if n := testing.AllocsPerRun(100, func() { key.Append(sum[:0], message[:]) }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}
