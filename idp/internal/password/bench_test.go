package password

import (
	"log/slog"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/internal/worker"
)

// BenchmarkHash compares the hash alone with the way to a worker and back.
func BenchmarkHash(b *testing.B) {
	run := func(name string, c computation) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.hash("correct horse battery", OWASP)
			}
		})
		c.close()
	}
	run("here", inProcess{})
	run("worker", &workers{pool: worker.NewPool(title, worker.ThisProgram), log: slog.New(slog.DiscardHandler)})
}
