package latchkey

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// An endsFile keeps the ends that are owed for the next process (Config.EndsFile). There is a file only while something is owed.
type endsFile struct {
	path string // empty: none

	mu     sync.Mutex
	exists bool
	digest [sha256.Size]byte // of the file as this guard knows it
	saved  uint64            // how often the list had changed when it was saved
	at     time.Time         // when that was
}

// saveEvery keeps a store's outage, in which each logout changes the list, from becoming one of the disk.
const saveEvery = time.Second

// The file is JSON. Its digest covers the bytes of ends, so that damage is noticed wherever it is.
type endsDocument struct {
	Version int             `json:"version"`
	App     string          `json:"app"`
	SHA256  string          `json:"sha256"`
	Ends    json.RawMessage `json:"ends"`
}

type endEntry struct {
	Tombstone []byte   `json:"tombstone"` // a Record
	Revoke    []string `json:"revoke"`    // ids of refresh tokens
}

const endsVersion = 1

// read returns the ends in the file. It fails where the file is damaged or of another app, and
// where none could be written.
func (f *endsFile) read(app string) ([]pendingEnd, error) {
	if f.path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.tryWriting()
	}
	if err != nil {
		return nil, &ConfigError{"EndsFile", err.Error()}
	}
	ends, err := parseEnds(text, app)
	if err != nil {
		return nil, &ConfigError{"EndsFile", fmt.Sprintf(
			"%s: %v: the sessions in it have ended and may come back; restore the file, or move it away and revoke their refresh tokens at the provider", f.path, err)}
	}
	f.exists, f.digest = true, sha256.Sum256(text)
	return ends, nil
}

func (f *endsFile) tryWriting() error {
	probe, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return &ConfigError{"EndsFile", err.Error()}
	}
	return nil
}

// save brings the file up to date with the list, and removes it where nothing is owed.
func (f *endsFile) save(app string, list *pendingEnds) error {
	if f.path == "" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ends, changes := list.all()
	if changes == f.saved || len(ends) == 0 && !f.exists {
		return nil
	}
	err := f.write(app, ends)
	if err == nil {
		f.saved, f.exists = changes, len(ends) > 0
	}
	return err
}

// behind tells whether the list has changed since it was saved.
func (f *endsFile) behind(list *pendingEnds) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	ends, changes := list.size()
	return f.path != "" && changes != f.saved && (ends > 0 || f.exists)
}

// saveSometimes is save, at most once in saveEvery.
func (f *endsFile) saveSometimes(app string, list *pendingEnds, now time.Time) error {
	f.mu.Lock()
	due := now.Sub(f.at).Abs() >= saveEvery
	if due {
		f.at = now
	}
	f.mu.Unlock()
	if !due {
		return nil
	}
	return f.save(app, list)
}

// errSharedFile keeps one guard from writing over the ends of another.
var errSharedFile = errors.New("another guard, or somebody else, has written it: each app and each process needs a file of its own")

// checkOwn returns an error where the file is not as this guard has left it.
func (f *endsFile) checkOwn() error {
	text, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !f.exists || sha256.Sum256(text) != f.digest:
		return fmt.Errorf("%s: %w", f.path, errSharedFile)
	}
	return nil
}

func (f *endsFile) write(app string, ends []pendingEnd) error {
	if err := f.checkOwn(); err != nil {
		return err
	}
	if len(ends) == 0 {
		if err := wholefile.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text, err := formatEnds(app, ends)
	if err != nil {
		return err
	}
	if err := wholefile.Write(f.path, text); err != nil {
		return err
	}
	f.digest = sha256.Sum256(text)
	return nil
}

func formatEnds(app string, ends []pendingEnd) ([]byte, error) {
	entries := make([]endEntry, 0, len(ends))
	for _, e := range ends {
		tombstone, err := e.tombstone.MarshalBinary()
		if err != nil {
			return nil, err
		}
		entries = append(entries, endEntry{tombstone, e.tokens})
	}
	raw, err := json.Marshal(entries)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return json.Marshal(endsDocument{endsVersion, app, hex.EncodeToString(sum[:]), raw})
}

func parseEnds(text []byte, app string) ([]pendingEnd, error) {
	var d endsDocument
	var entries []endEntry
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, errors.New("damaged: not JSON")
	}
	sum := sha256.Sum256(d.Ends)
	switch {
	case d.Version != endsVersion:
		return nil, fmt.Errorf("of version %d: this program reads version %d", d.Version, endsVersion)
	case d.SHA256 != hex.EncodeToString(sum[:]):
		return nil, errors.New("damaged: its digest is wrong")
	case d.App != app:
		return nil, fmt.Errorf("of the app %q, not of %q", d.App, app)
	}
	if err := json.Unmarshal(d.Ends, &entries); err != nil {
		return nil, errors.New("damaged: its ends are not JSON")
	}
	ends := make([]pendingEnd, 0, len(entries))
	for _, entry := range entries {
		rec := &Record{}
		if err := rec.UnmarshalBinary(entry.Tombstone); err != nil {
			return nil, err
		}
		if !rec.ended() || rec.App != app {
			return nil, errors.New("damaged: a record in it is not the end of a session of this app")
		}
		ends = append(ends, pendingEnd{tombstone: rec, tokens: entry.Revoke})
	}
	return ends, nil
}
