package worker

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

const testTitle = "latchkey-tested"

// role says what this program does instead of the tests, in a process that a test has started.
const role = "LATCHKEY_WORKER_TEST"

func TestMain(m *testing.M) {
	Main(testTitle, testAnswer)
	switch os.Getenv(role) {
	case "parent":
		parent()
	case "program":
		fmt.Println("a program")
	default:
		os.Exit(m.Run())
	}
}

// testAnswer is what the workers of the tests can do.
func testAnswer(request []byte) ([]byte, error) {
	switch string(request) {
	case "pid":
		return fmt.Append(nil, os.Getpid()), nil
	case "describe":
		return []byte(describe()), nil
	case "fail":
		return nil, errors.New("failed")
	case "die":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "spin":
		for n := byte(0); ; n++ {
			request[0] = n
		}
	}
	return request, nil
}

// parent is a process with a worker. Each line of its input is a request.
func parent() {
	pool := NewPool(testTitle, ThisProgram)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		answer, err := pool.Ask(in.Bytes())
		fmt.Println(string(answer), err)
		if in.Text() == "pid" {
			fmt.Println("waiting")
		}
	}
	pool.Close()
}

func newPool(t *testing.T) *Pool {
	t.Helper()
	p := NewPool(testTitle, ThisProgram)
	t.Cleanup(p.Close)
	return p
}

func (p *Pool) mustAsk(t *testing.T, request string) string {
	t.Helper()
	answer, err := p.Ask([]byte(request))
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	return strings.TrimSpace(string(answer))
}
