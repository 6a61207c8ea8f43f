package main

import (
	"fmt"

	"github.com/latchkey-dev/latchkey/idp"
)

type keysCommand struct {
	Session keysSessionCommand `cmd:"" help:"Rotate the keys of the session cookies (session.keys) in two steps that log nobody out."`
	Rotate  keysRotateCommand  `cmd:"" help:"Make a new key for the embedded provider's JWTs. It is published immediately and signs ten minutes later; the old key verifies as long as its tokens live. A running provider notices within a minute."`
}

type keysRotateCommand struct{ providerPlace }

func (c keysRotateCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		kid, err := server.RotateSigningKey(w.ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.stdout, "new key %s, will sign in ten minutes\n", kid)
		return err
	})
}
