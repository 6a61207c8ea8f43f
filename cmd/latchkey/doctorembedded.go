package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/doctor"
)

// lookAtEmbedded reads the embedded provider of a file. The provider may be running.
func lookAtEmbedded(ctx context.Context, file *configfile.File) (e doctor.Embedded, err error) {
	if err := checkDirectory(file.Data); err != nil {
		return e, err
	}
	if _, err := os.Stat(filepath.Join(file.Data, "idp.db")); errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	e.Made = true
	err = providerPlace{}.open(world{ctx: ctx}, file.Data, file, func(server *idp.Server) (err error) {
		if e.UnverifiedImports, err = server.CountUnverified(ctx, idp.Imports{}); err != nil {
			return err
		}
		tenant, err := server.DefaultTenant(ctx)
		if err != nil {
			return err
		}
		e.Issuer = tenant.Issuer
		if e.SwitchedOff, err = switchedOff(ctx, server); err != nil {
			return err
		}
		e.Gated, err = gated(ctx, server, file)
		return err
	})
	return e, err
}

func switchedOff(ctx context.Context, server *idp.Server) (ids []string, err error) {
	all, err := server.Applications(ctx)
	for _, a := range all {
		if !a.Active {
			ids = append(ids, a.ID)
		}
	}
	return ids, err
}

// gated reports whether every app that admits only verified users has a tenant that verifies them.
func gated(ctx context.Context, server *idp.Server, file *configfile.File) (bool, error) {
	for _, a := range file.Apps {
		if a.Accounts != "verified" {
			continue
		}
		application, err := server.ApplicationByID(ctx, a.ApplicationID)
		if errors.Is(err, idp.ErrNotFound) {
			continue // latchkey serve will create it, in the default tenant
		}
		if err != nil {
			return false, err
		}
		tenant, err := server.TenantByID(ctx, application.TenantID)
		if err != nil || !tenant.VerifyEmail || tenant.UnverifiedBehavior != idp.UnverifiedGated {
			return false, err
		}
	}
	return true, nil
}
