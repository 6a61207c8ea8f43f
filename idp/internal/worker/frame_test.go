package worker

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 3, 'a', 'b', 'c', 0, 0})
	f.Add([]byte{0xff, 0xff, 'a'})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, input []byte) {
		in := bytes.NewReader(input)
		var again bytes.Buffer
		for {
			content, err := readFrame(in)
			if err != nil {
				if errors.Is(err, io.EOF) != (again.Len() == len(input)) {
					t.Errorf("%v after %d of %d bytes", err, again.Len(), len(input))
				}
				break
			}
			if err := writeFrame(&again, content); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(input, again.Bytes()) {
			t.Errorf("%q is read as %q", input, again.Bytes())
		}
	})
}

func TestFrame_tooLong(t *testing.T) {
	var out bytes.Buffer
	if err := writeFrame(&out, make([]byte, 1<<16)); err == nil || out.Len() > 0 {
		t.Errorf("error %v, %d bytes written", err, out.Len())
	}
}
