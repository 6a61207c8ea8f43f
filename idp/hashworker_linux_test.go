package idp_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// hashWorkers returns the processes in which a server hashes passwords.
func hashWorkers(t *testing.T, server int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", server))
	must(t, err)
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // that thread has ended
		}
		for word := range strings.FieldsSeq(string(children)) {
			command, err := os.ReadFile("/proc/" + word + "/cmdline")
			if pid, _ := strconv.Atoi(word); err == nil && strings.HasPrefix(string(command), "latchkey-hasher\x00") {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Logins go on while the workers are killed again and again: none fails, and the log says what
// happened without a word about passwords.
func TestHashWorkers_killed(t *testing.T) {
	once(t)
	var log bytes.Buffer
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) {
		c.Hash, c.Logger = idp.HashConfig{Workers: 2}, slog.New(slog.NewTextHandler(&log, nil))
	}))
	const rounds, callers = 8, 4
	killed := 0
	took := make([]time.Duration, rounds*callers)
	login := func(i int) {
		began := time.Now()
		if status := w.login(nil).status; status != http.StatusOK {
			t.Errorf("a login gets %d", status)
		}
		took[i] = time.Since(began)
	}
	for round := range rounds {
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() { login(round*callers + i) })
		}
		for _, pid := range hashWorkers(t, os.Getpid()) { // those of other tests, too
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed++
			}
		}
		all.Wait()
	}
	t.Logf("%d workers were killed in %d logins, the longest of which took %v", killed, len(took), slices.Max(took))
	if killed == 0 {
		t.Error("no worker hashes")
	}
	for late := time.Now().Add(time.Minute); !strings.Contains(log.String(), "again") && time.Now().Before(late); {
		login(0)
	}
	if text := log.String(); !strings.Contains(text, "signal: killed") || !strings.Contains(text, "again") || strings.Contains(text, idptest.Password) {
		t.Errorf("log %q", text)
	}
}
