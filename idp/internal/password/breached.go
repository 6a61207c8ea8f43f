package password

import (
	"fmt"

	"github.com/latchkey-dev/latchkey/internal/breached"
)

// Breached is a list of leaked passwords, which may be empty.
type Breached struct{ filter *breached.Filter }

// OpenBreached opens the file of a filter. Without a name the list is empty.
func OpenBreached(name string) (*Breached, error) {
	if name == "" {
		return &Breached{}, nil
	}
	filter, err := breached.Open(name)
	if err != nil {
		return nil, err
	}
	return &Breached{filter}, nil
}

// Close closes the file.
func (b *Breached) Close() error {
	if b.filter == nil {
		return nil
	}
	return b.filter.Close()
}

// Has reports whether a password was leaked, as it is kept or as it was typed: the list may have
// either. A filter that cannot be read is an error, so that no password passes unchecked.
func (b *Breached) Has(typed string) (bool, error) {
	if b.filter == nil {
		return false, nil
	}
	normal := Normalize(typed)
	found, err := b.filter.Has(normal)
	if err == nil && !found && normal != typed {
		found, err = b.filter.Has(typed)
	}
	if err != nil {
		return false, fmt.Errorf("breached passwords: %w", err)
	}
	return found, nil
}
