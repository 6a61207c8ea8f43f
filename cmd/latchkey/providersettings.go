package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/account"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// setUp applies the file's settings to the provider's applications and tenant, at every start and
// reload. Settings that the file does not mention keep their values; a new application has the
// provider's defaults.
func setUp(ctx context.Context, provider *idp.Server, file *configfile.File, port string) error {
	seen := make(map[string]bool)
	for i, a := range file.Apps {
		if seen[a.ApplicationID] {
			continue // the links of its mails open the page of the first app
		}
		seen[a.ApplicationID] = true
		page := account.PageURL(origin(file, a, port))
		if a.AccountPage != "" {
			page = origin(file, a, port) + a.AccountPage
		}
		err := provider.ChangeApplication(ctx, a.ApplicationID, func(application *idp.Application) { named(application, file, a, page) })
		if err == nil && a.Accounts != "" {
			err = setUpTenant(ctx, provider, a)
		}
		if err != nil {
			return notTaken(file, i, err)
		}
	}
	return nil
}

// named applies the settings that the file has.
func named(application *idp.Application, file *configfile.File, a configfile.App, page string) {
	if a.Name != "" || application.Name == "" {
		application.Name = cmp.Or(a.Name, a.Host)
	}
	application.GenerateRefreshTokens = true // without them no session could be refreshed
	if a.ClientSecret != "" {
		application.ClientSecret = a.ClientSecret // refreshes go through /oauth2/token
		if application.EnabledGrants != nil && !slices.Contains(application.EnabledGrants, "refresh_token") {
			application.EnabledGrants = append(application.EnabledGrants, "refresh_token")
		}
	} else {
		application.AllowTokenRefresh = true // refreshes go through /api/jwt/refresh
	}
	nameLifetimes(application, file.Session)
	if a.AccountPage != "" {
		application.PageURL = page
	} else if own := application.PageURL == "" || strings.HasSuffix(application.PageURL, account.PagePath); own && a.Accounts != "" {
		application.PageURL = page
	}
}

// nameLifetimes never leaves a token's life longer than the maximum that the provider allows.
func nameLifetimes(application *idp.Application, session configfile.Session) {
	if session.RefreshTTL != 0 {
		application.RefreshTokenTTL = session.RefreshTTL
		if application.RefreshTokenMaxTTL != 0 {
			application.RefreshTokenMaxTTL = max(session.RefreshTTL, application.RefreshTokenMaxTTL)
		}
	}
	if session.Absolute != 0 {
		application.RefreshTokenMaxTTL = session.Absolute
		application.RefreshTokenTTL = min(session.Absolute, cmp.Or(application.RefreshTokenTTL, 30*24*time.Hour))
	}
}

// setUpTenant sets whether new users of an app must verify their address, as its accounts: says.
func setUpTenant(ctx context.Context, provider *idp.Server, a configfile.App) error {
	application, err := provider.ApplicationByID(ctx, a.ApplicationID)
	if err != nil || a.Accounts == "existing" {
		return err
	}
	return provider.ChangeTenant(ctx, application.TenantID, func(t *idp.Tenant) {
		t.UnverifiedBehavior = idp.UnverifiedAllow
		if a.Accounts == "verified" {
			t.UnverifiedBehavior, t.VerifyEmail = idp.UnverifiedGated, true
		}
	})
}

// notTaken translates what the provider refuses into the keys of the file.
func notTaken(file *configfile.File, app int, err error) error {
	var wrong idp.ValidationError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("provider: %w", err)
	}
	for _, field := range wrong {
		key := fmt.Sprintf("apps[%d].application_id", app)
		switch {
		case strings.HasPrefix(field.Field, "application.jwtConfiguration"):
			key = "session.refresh_ttl"
		case field.Field == "application.name" && file.Apps[app].Name != "":
			key = fmt.Sprintf("apps[%d].name", app)
		}
		err = file.Mistake(key, field.Message)
	}
	return err
}

// notOpened translates why the provider does not open into the keys of the file.
func notOpened(file *configfile.File, err error) error {
	if reason, filter := strings.CutPrefix(err.Error(), "idp: Config.BreachedPasswords: "); filter {
		return file.Mistake("provider.breached_passwords", reason)
	}
	return fmt.Errorf("provider: %w", err)
}
