// Package signing holds the keys that sign JWTs: the provider's own, which rotate, and named ones,
// which an administrator creates for applications. Nodes share them through the database.
package signing

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// ErrOtherSecret means that a stored key was sealed with another secret. Package idp exports it,
// hence the text.
var ErrOtherSecret = errors.New("idp: Config.Secret is not the one that this database was made with")

const (
	reloadInterval = time.Minute
	// lead is for how long a new key is published before it signs: sets of keys are cached for five
	// minutes, and nodes read them once a minute.
	lead = 10 * time.Minute
)

// Config is what a [Ring] needs.
type Config struct {
	DB       database.DB
	Seal     cipher.AEAD // with random nonces; keeps private keys at rest
	Now      func() time.Time
	Log      *slog.Logger
	Rotation time.Duration // of the provider's own keys; 0 or less: never
	TokenTTL time.Duration // of a token without an application
}

// A Ring is all keys. It reads them again once a minute, and is safe for concurrent use.
type Ring struct {
	Config

	mu   sync.Mutex
	keys keys
	read time.Time
}

// keys are those of one reading. They are replaced as a whole.
type keys struct {
	own       []*Key // the newest first
	named     []*Key
	audiences map[string][]string // ids of applications by the id of a named key
}

// all returns those by which a token may be signed.
func (k keys) all() []*Key { return slices.Concat(k.own, k.named) }

// current returns the newest of the own keys that has been published for long enough, or the
// oldest.
func (k keys) current(now time.Time) *Key {
	for _, key := range k.own {
		if !now.Before(key.Created.Add(lead)) {
			return key
		}
	}
	return k.own[len(k.own)-1]
}

func (k keys) byID(id string) (*Key, bool) {
	i := slices.IndexFunc(k.named, func(key *Key) bool { return key.ID == id })
	if i < 0 {
		return nil, false
	}
	return k.named[i], true
}

// Open reads the keys, after creating the first one if the database has none.
func Open(ctx context.Context, c Config) (*Ring, error) {
	r := &Ring{Config: c}
	err := r.Reload(ctx)
	if !errors.Is(err, database.ErrNotFound) {
		return r, err
	}
	if err := r.create(ctx, time.Time{}); err != nil {
		return nil, err
	}
	return r, r.Reload(ctx) // it may be that of another node that started at the same time
}

// Reload reads the keys, and creates one if that is due.
func (r *Ring) Reload(ctx context.Context) error {
	now := r.Now()
	own, err := r.readOwn(ctx)
	if err == nil && r.Rotation > 0 && now.Sub(own[0].Created) >= r.Rotation {
		if err = r.create(ctx, own[0].Created); err == nil {
			own, err = r.readOwn(ctx)
		}
	}
	if err != nil {
		return err
	}
	named, err := r.Named(ctx)
	if err != nil {
		return err
	}
	audiences, err := readAudiences(ctx, r.DB, now)
	if err != nil {
		return err
	}
	fresh := keys{own: own, audiences: audiences}
	for i := range named {
		fresh.named = append(fresh.named, &named[i].Key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.read = fresh, now
	return nil
}

// known returns the keys, which are read again once a minute.
func (r *Ring) known() keys {
	now := r.Now()
	r.mu.Lock()
	due := now.Sub(r.read).Abs() >= reloadInterval
	if due {
		r.read = now // one caller reads, the others go on with what is known
	}
	known := r.keys
	r.mu.Unlock()
	if !due {
		return known
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := r.Reload(ctx); err != nil {
		r.Log.WarnContext(ctx, "cannot read signing keys: using those already known", "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// Signer returns the key with this id, or the provider's own that signs now if the id is empty.
func (r *Ring) Signer(ctx context.Context, id string) (*Key, error) {
	known := r.known()
	if id == "" {
		return known.current(r.Now()), nil
	}
	if k, ok := known.byID(id); ok {
		return k, nil
	}
	if err := r.Reload(ctx); err != nil { // another node may have just created it
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.keys.byID(id); ok {
		return k, nil
	}
	return nil, fmt.Errorf("signing key %s: not found", id)
}

// A PublicKey verifies tokens. A named one signs only the tokens of its audiences, which are ids of
// applications and may be none.
type PublicKey struct {
	*Key
	Audiences []string
}

// Public returns the public keys, the provider's own first, without those of HMAC keys.
func (r *Ring) Public() []PublicKey {
	known := r.known()
	var all []PublicKey
	for _, k := range known.all() {
		if k.Public() != nil {
			all = append(all, PublicKey{k, known.audiences[k.ID]})
		}
	}
	return all
}
