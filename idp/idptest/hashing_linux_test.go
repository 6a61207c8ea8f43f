package idptest_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// The main function of this test does not call idp.RunHashWorker. Its passwords are hashed all the
// same, and the log says once what that costs.
func TestWithoutHashWorkers(t *testing.T) {
	var log bytes.Buffer
	p := idptest.New(t, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) {
		c.Hash, c.Logger = idp.HashConfig{}, slog.New(slog.NewTextHandler(&log, nil))
	}))
	p.AddUser("ada@example.com")
	p.AddUser("grace@example.com")
	if text := log.String(); strings.Count(text, "idp.RunHashWorker") != 1 {
		t.Errorf("log %q", text)
	}
}
