package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// errNoKeys means that the keys cannot be read at the moment.
var errNoKeys = errors.New("no keys")

const (
	keysWithin  = 5 * time.Second
	keysEvery   = time.Hour   // so that a withdrawn key disappears
	keysAtMost  = time.Minute // however many signatures name an unknown key
	maxKeySet   = 1 << 20     // bytes
	maxKeyCount = 100         // that may sign events
)

// A keySet has the keys that a server publishes, by their ids.
type keySet struct {
	url  string
	http *http.Client

	turn  chan struct{} // a semaphore that guards the fields below
	keys  map[string]key
	read  time.Time // when keys were read
	tried time.Time
	err   error // of that time
}

func newKeySet(url string, transport http.RoundTripper) *keySet {
	return &keySet{
		url: url, turn: make(chan struct{}, 1),
		http: &http.Client{
			Transport: transport, Timeout: keysWithin,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// find returns the key of that id, or none if there is no such key. The id is used for the look-up
// only.
func (s *keySet) find(ctx context.Context, id string, now time.Time) ([]key, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errNoKeys, ctx.Err())
	}
	defer func() { <-s.turn }()
	if _, known := s.keys[id]; (!known || now.Sub(s.read) >= keysEvery) && now.Sub(s.tried) >= keysAtMost {
		s.tried = now
		var keys map[string]key
		if keys, s.err = s.fetch(context.WithoutCancel(ctx)); s.err == nil {
			s.keys, s.read = keys, now
		}
	}
	k, known := s.keys[id]
	switch {
	case known:
		return []key{k}, nil // the last good set, if the server is down
	case s.err != nil:
		return nil, fmt.Errorf("%w: %w (tried at most once a minute)", errNoKeys, s.err)
	}
	return nil, errors.New("signed with a key that FusionAuth does not publish")
}

func (s *keySet) fetch(ctx context.Context) (map[string]key, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", s.url, resp.StatusCode)
	}
	return parseKeySet(body)
}

// parseKeySet skips keys that we cannot use, and keys that Latchkey's provider marks as an
// application's: anyone who imported such a key could sign with it, and it signs no events.
// FusionAuth marks none. Of two keys with the same id neither is used.
func parseKeySet(body []byte) (map[string]key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil || set.Keys == nil {
		return nil, errors.New("not a set of keys")
	}
	keys, count := make(map[string]key), 0
	for _, raw := range set.Keys {
		var published jose.JSONWebKey
		var of struct {
			Applications json.RawMessage `json:"latchkey_aud"`
		}
		if json.Unmarshal(raw, &of) != nil || of.Applications != nil {
			continue
		}
		if count++; count > maxKeyCount {
			return nil, errors.New("more keys than a server has for its events")
		}
		if published.UnmarshalJSON(raw) != nil || published.KeyID == "" || published.Use != "" && published.Use != "sig" {
			continue
		}
		k, err := publicKey(published.Key)
		if err != nil {
			continue
		}
		if published.Algorithm != "" {
			if !k.signs(published.Algorithm) {
				continue
			}
			k.algorithms = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(published.Algorithm)}
		}
		if _, twice := keys[published.KeyID]; twice {
			return nil, errors.New("two keys of one id")
		}
		keys[published.KeyID] = k
	}
	return keys, nil
}
