package idp

import (
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/password"
	"github.com/latchkey-dev/latchkey/internal/breached"
)

func openBreached(name string) (*breached.Filter, error) {
	if name == "" {
		return nil, nil
	}
	f, err := breached.Open(name)
	if err != nil {
		return nil, fmt.Errorf("idp: Config.BreachedPasswords: %w", err)
	}
	return f, nil
}

func closeBreached(f *breached.Filter) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// isBreached asks for the password as it is kept, and as it was typed: the list may have either. A filter that cannot be read refuses nobody by mistake, and lets
// nothing pass: it is an error.
func (s *Server) isBreached(typed string) (bool, error) {
	if s.breached == nil {
		return false, nil
	}
	normal := password.Normalize(typed)
	found, err := s.breached.Has(normal)
	if err == nil && !found && normal != typed {
		found, err = s.breached.Has(typed)
	}
	if err != nil {
		return false, fmt.Errorf("breached passwords: %w", err)
	}
	return found, nil
}
