package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const maxAnswer = 4 << 10 // bytes; they are discarded

// statusError is an answer that is not 2xx.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.status) }

// permanent reports whether the same event would be rejected again. It must not hold up the events
// behind it.
func (e *statusError) permanent() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// post sends one event. Its errors do not contain the URL, which may have a secret in it.
func (d *Dispatcher) post(ctx context.Context, one delivery) error {
	ctx, cancel := context.WithTimeout(ctx, one.hook.Connect+one.hook.Read)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, one.hook.URL, bytes.NewReader(one.body))
	if err != nil {
		return errors.New("invalid URL")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "latchkey")
	if one.hook.Signed {
		if err := d.sign(ctx, r.Header, one.body); err != nil {
			return err
		}
	}
	resp, err := d.http.Do(r)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// so that the connection can be reused
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &statusError{resp.StatusCode}
	}
	return nil
}
