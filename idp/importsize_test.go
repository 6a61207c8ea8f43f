package idp_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// TestImportOfTooMany: too many users are counted, and not first made objects of, which take a
// hundred times the room of "{}".
func TestImportOfTooMany(t *testing.T) {
	w := newWorld(t)
	const size = 4 << 20
	text := append([]byte(`{"note":[{}],"users":[{}`), bytes.Repeat([]byte(",{}"), size/3)...)
	text = append(text, "]}"...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := w.ImportUsers(t.Context(), text)
	runtime.ReadMemStats(&after)
	wrong, _ := err.(idp.ValidationError)
	if len(wrong) != 1 || wrong[0].Code() != "[invalid]users" {
		t.Errorf("%v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*size {
		t.Errorf("%d MiB of users took %d MiB", size>>20, took>>20)
	}
}
