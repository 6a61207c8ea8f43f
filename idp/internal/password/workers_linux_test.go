package password

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/internal/worker"
)

func TestMain(m *testing.M) {
	RunWorker()
	os.Exit(m.Run())
}

// inWorkers is a Hasher whose workers are started from the file.
func inWorkers(t *testing.T, file string) (*Hasher, *workers, *bytes.Buffer) {
	t.Helper()
	h, log := newHasher(t, tests, 1, 1), new(bytes.Buffer)
	w := &workers{pool: worker.NewPool(title, file), log: slog.New(slog.NewTextHandler(log, nil))}
	h.computation = w
	t.Cleanup(h.Close)
	return h, w, log
}

// A worker says of each hash, and of each malformed one, what this process would.
func TestWorkers_computeTheSame(t *testing.T) {
	h, w, log := inWorkers(t, worker.ThisProgram)
	here := newHasher(t, tests, 1, 1)
	kinds := storedKinds(t)
	kinds["malformed"], kinds["malformed scheme"], kinds["too expensive"] = "$argon2id$", "x", strings.Replace(kinds["ours"], "m=64", "m=262145", 1)
	kinds["too long"] = strings.Repeat("$", maxStored+1)
	for name, stored := range kinds {
		for _, typed := range []string{"password", "cafe\u0301", strings.Repeat("\u0958", MaxBytes/3), strings.Repeat("x", MaxBytes+1)} {
			ok, renewed, err := h.Verify(t.Context(), stored, typed)
			want, wantRenewed, wantErr := here.Verify(t.Context(), stored, typed)
			if ok != want || (renewed == "") != (wantRenewed == "") || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%s, %.10q: %v, %q, %v; want %v, %q, %v", name, typed, ok, renewed, err, want, wantRenewed, wantErr)
			}
		}
	}
	stored, err := h.Hash(t.Context(), "cafe\u0301")
	if err != nil {
		t.Fatal(err)
	}
	if ok, renewed, err := here.Verify(t.Context(), stored, "caf\u00e9"); !ok || renewed != "" || err != nil {
		t.Errorf("a hash of a worker: %v, %q, %v", ok, renewed, err)
	}
	if n := w.here.Load(); n != 0 || log.Len() > 0 {
		t.Errorf("%d were computed in this process; log %q", n, log)
	}
}

// If no worker can be started, passwords are hashed all the same. The log says so once, and how
// many they were.
func TestWorkers_noneCanBeStarted(t *testing.T) {
	h, w, log := inWorkers(t, "/nonexistent")
	stored, err := h.Hash(t.Context(), "password")
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]bool{"password": true, "wrong": false} {
		if ok, _, err := h.Verify(t.Context(), stored, typed); ok != want || err != nil {
			t.Errorf("%s: %v, %v", typed, ok, err)
		}
	}
	if n := w.here.Load(); n != 3 {
		t.Errorf("%d were counted", n)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "/nonexistent") {
		t.Errorf("log %q", text)
	}
	log.Reset()
	w.pool = worker.NewPool(title, worker.ThisProgram)
	if ok, _, err := h.Verify(t.Context(), stored, "password"); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "again") || !strings.Contains(text, "hashed_in_this_process=3") {
		t.Errorf("log %q", text)
	}
}

// After Close a password can still be hashed.
func TestWorkers_closed(t *testing.T) {
	h, _, _ := inWorkers(t, worker.ThisProgram)
	for range 2 {
		if _, err := h.Hash(t.Context(), "password"); err != nil {
			t.Error(err)
		}
		h.Close()
	}
}

// No password and no hash gets into the log or an error, whatever a worker is asked.
func TestWorkers_tellNothing(t *testing.T) {
	for _, message := range [][]byte{[]byte("hunter2"), request{stored: "$hunter2$", password: "hunter2"}.bytes(), request{password: "hunter2"}.bytes()} {
		reply, err := serve(message)
		if strings.Contains(string(reply), "hunter2") || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q, %v", reply, err)
		}
	}
}
