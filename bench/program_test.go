package bench

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program measures the binary: its size, and how long the demo takes to be ready, with an empty
// directory and with an existing one.
func (r *results) program(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "latchkey")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "github.com/latchkey-dev/latchkey/cmd/latchkey")
	build.Dir = ".." // its own module, with what it depends on
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	r.add("size of the program", float64(info.Size())/(1<<20), "MiB", atMost(40))
	for range *rounds {
		data := filepath.Join(t.TempDir(), "data")
		r.add("demo ready, first start", untilReady(t, binary, data), "ms", atMost(300))
		r.add("demo ready, later", untilReady(t, binary, data), "ms", atMost(300))
	}
}

func untilReady(t *testing.T, binary, data string) float64 {
	t.Helper()
	demo := exec.Command(binary, "demo", "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0", "--data", data)
	out, err := demo.StdoutPipe()
	began := time.Now()
	if err == nil {
		err = demo.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	took := time.Since(began)
	demo.Process.Signal(os.Interrupt)
	demo.Wait()
	if !strings.HasPrefix(line, "ready ") {
		t.Fatalf("demo: %q, %v", line, err)
	}
	return float64(took.Microseconds()) / 1000
}
