package bench

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

var (
	whole  = flag.Bool("measure", false, "measure everything, which takes about ten minutes; without it each measurement is only tried out")
	write  = flag.Bool("measure.write", false, "write RESULTS.md and its chart")
	rounds = flag.Int("measure.rounds", 5, "how often each subject is loaded")
	length = flag.Duration("measure.time", 2*time.Second, "how long each load lasts")
)

// TestMain is the subject's own main function in the processes that are measured.
func TestMain(m *testing.M) {
	if name := os.Getenv("BENCH_SUBJECT"); name != "" {
		if err := goSubjects[name](); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if !*whole {
		*rounds, *length = 1, 300*time.Millisecond
	}
	pgtest.Main(m)
}

// TestBench measures all, and prints one table.
func TestBench(t *testing.T) {
	r := &results{began: time.Now()}
	r.requests(t)
	r.proxies(t)
	r.inProcess(t)
	r.engine(t)
	r.logins(t)
	r.revocations(t)
	r.memory(t)
	if *whole {
		r.program(t)
	}
	if t.Failed() {
		return
	}
	fmt.Print(r.text())
	if *write {
		if err := r.writeFiles(); err != nil {
			t.Fatal(err)
		}
	}
}
