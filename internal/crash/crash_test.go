package crash_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

func dereference(p *struct{ n int }) int { return p.n }

func TestContain(t *testing.T) {
	ordinary := errors.New("refused")
	if err := crash.Contain(func() error { return ordinary }); err != ordinary {
		t.Errorf("%v", err)
	}
	err := crash.Contain(func() error { dereference(nil); return nil })
	if _, ok := errors.AsType[*crash.Error](err); !ok || !strings.Contains(err.Error(), "nil pointer") || !strings.Contains(err.Error(), "crash_test.dereference") {
		t.Errorf("%v", err)
	}
	err = crash.Contain(func() error { panic("hunter2") })
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "a string") {
		t.Errorf("%v", err)
	}
}
