// Package providertest is the contract of latchkey.Provider as a test suite. The test of a provider
// calls Run.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A Subject is a provider under test and one of its users, who can log in with a password alone.
type Subject struct {
	Provider latchkey.Provider
	LoginID  string
	Password latchkey.Secret

	// Deactivate forbids the user to log in. If it is nil, the provider cannot do
	// that, and the case is skipped.
	Deactivate func(*testing.T)
	// CutOff makes the provider's server or database fail. If it is nil, the cases are skipped.
	CutOff func(*testing.T)
}

// Run checks a provider against the contract. open returns a subject that no other case uses; it
// registers its own clean-up.
func Run(t *testing.T, open func(*testing.T) Subject) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("contract: %s", c.contract)
				}
			})
			c.check(&subject{T: t, Subject: open(t)})
		})
	}
}

// Each case quotes the sentences of the contract that it checks, from the comments of
// latchkey.Provider and latchkey.LoginIDCanonicalizer.
var cases = []struct {
	name     string
	contract string
	check    func(*subject)
}{
	{"login", "A grant has a user with a permanent id, and a refresh token.", login},
	{"logins are independent", "Each login has its own refresh token, with its own id.", independent},
	{"wrong password", "A wrong password and an unknown login id are the same refusal, CodeInvalidCredentials.", wrongPassword},
	{"odd credentials", "A wrong password and an unknown login id are the same refusal, CodeInvalidCredentials.", oddCredentials},
	{"refresh", "Refresh trades a refresh token for a new grant of the same user.", refresh},
	{"lost response", "If the response is lost, the guard retries with the token that it has.", lostResponse},
	{"dead token", "Only a *ProviderError with CodeRefreshRefused ends the session.", deadToken},
	{"revoke", "Revoke invalidates the refresh token of that id, including the one that the last refresh returned.", revoke},
	{"revoke again", "An id that no longer exists is not an error.", revokeAgain},
	{"deactivated", "Login and Refresh refuse a user who may no longer log in.", deactivated},
	{"deactivated, wrong password", "Other codes reveal something about an account, and are only for those who know its password.", deactivatedWrongPassword},
	{"cancelled", "Any other error means that the provider is unavailable.", cancelled},
	{"cut off", "Any other error means that the provider is unavailable.", cutOff},
	{"spellings", "CanonicalLoginID returns the same text for all spellings of one login id.", spellings},
}

type subject struct {
	*testing.T
	Subject
}

func (s *subject) login() latchkey.Grant {
	s.Helper()
	grant, err := s.Provider.Login(s.Context(), latchkey.Credentials{LoginID: s.LoginID, Password: s.Password, Device: device})
	if err != nil {
		s.Fatalf("Login: %v", err)
	}
	return grant
}

var device = latchkey.Device{UserAgent: "Firefox on Linux", IP: "203.0.113.7"}

func (s *subject) refresh(g latchkey.Grant) (latchkey.Grant, error) {
	return s.Provider.Refresh(s.Context(), latchkey.Renewal{RefreshToken: g.RefreshToken, User: g.User, Device: device})
}

// refuses checks that err is a refusal with the code, and shows no secret.
func (s *subject) refuses(what string, err error, code latchkey.Code, secrets ...latchkey.Secret) {
	s.Helper()
	var refused *latchkey.ProviderError
	if !errors.As(err, &refused) || refused.Code != code {
		s.Errorf("%s: error %v, want a *ProviderError with %s", what, err, code)
	}
	s.hides(what, err, secrets...)
}

// cannotSay checks that err is no refusal.
func (s *subject) cannotSay(what string, err error) {
	s.Helper()
	var refused *latchkey.ProviderError
	if err == nil || errors.As(err, &refused) {
		s.Errorf("%s: error %v, want one that is no *ProviderError", what, err)
	}
	s.hides(what, err, s.Password)
}

func (s *subject) hides(what string, err error, secrets ...latchkey.Secret) {
	s.Helper()
	for _, secret := range secrets {
		if secret != "" && strings.Contains(fmt.Sprintf("%v %+v", err, err), string(secret)) {
			s.Errorf("%s: the error shows a secret", what)
		}
	}
}

func login(s *subject) {
	grant, again := s.login(), s.login()
	if grant.User.ID == "" || grant.User.ID != again.User.ID {
		s.Errorf("ids of the user: %q and %q", grant.User.ID, again.User.ID)
	}
	if grant.RefreshToken == "" {
		s.Error("no refresh token")
	}
	if grant.Token != "" && !grant.TokenExpiresAt.IsZero() && !grant.TokenExpiresAt.After(time.Now()) {
		s.Errorf("the JWT expired at %v", grant.TokenExpiresAt)
	}
	if grant.PasswordChanged {
		s.Error("PasswordChanged, and no new password was given")
	}
}

func independent(s *subject) {
	one, two := s.login(), s.login()
	if one.RefreshToken == two.RefreshToken || one.RefreshTokenID == two.RefreshTokenID || one.RefreshTokenID == "" {
		s.Errorf("refresh tokens %q and %q, or the tokens themselves are the same", one.RefreshTokenID, two.RefreshTokenID)
	}
	if err := s.Provider.Revoke(s.Context(), one.RefreshTokenID); err != nil {
		s.Fatalf("Revoke: %v", err)
	}
	if _, err := s.refresh(two); err != nil {
		s.Errorf("the other login after the revocation of one: %v", err)
	}
}

func wrongPassword(s *subject) {
	for name, c := range map[string]latchkey.Credentials{
		"a wrong password":       {LoginID: s.LoginID, Password: "not " + s.Password},
		"another case":           {LoginID: s.LoginID, Password: latchkey.Secret(swapCase(string(s.Password)))},
		"the password and more":  {LoginID: s.LoginID, Password: s.Password + " "},
		"an unknown login id":    {LoginID: "nobody-" + s.LoginID, Password: s.Password},
		"part of the login id":   {LoginID: s.LoginID[:len(s.LoginID)-1], Password: s.Password},
		"a pattern":              {LoginID: "%", Password: s.Password},
		"a quote in the id":      {LoginID: s.LoginID + "' OR '1'='1", Password: s.Password},
		"the id as the password": {LoginID: s.LoginID, Password: latchkey.Secret(s.LoginID)},
	} {
		c.Device = device
		_, err := s.Provider.Login(s.Context(), c)
		s.refuses(name, err, latchkey.CodeInvalidCredentials, s.Password, c.Password)
	}
}

func swapCase(text string) string {
	if upper := strings.ToUpper(text); upper != text {
		return upper
	}
	return strings.ToLower(text) + "x"
}

// What the guard lets through, and a table may choke on.
func oddCredentials(s *subject) {
	for name, c := range map[string]latchkey.Credentials{
		"a long password":         {LoginID: s.LoginID, Password: latchkey.Secret(strings.Repeat("x", 7<<10))},
		"the password many times": {LoginID: s.LoginID, Password: latchkey.Secret(strings.Repeat(string(s.Password), 20))},
		"a long login id":         {LoginID: strings.Repeat("a", 255), Password: s.Password},
		"other alphabets":         {LoginID: "ада@пример.example", Password: "пароль 密码 🔑"},
	} {
		c.Device = device
		_, err := s.Provider.Login(s.Context(), c)
		s.refuses(name, err, latchkey.CodeInvalidCredentials, s.Password, c.Password)
	}
}

func refresh(s *subject) {
	first := s.login()
	grant := first
	for range 3 {
		next, err := s.refresh(grant)
		if err != nil {
			s.Fatalf("Refresh: %v", err)
		}
		if next.User.ID != first.User.ID || next.RefreshToken == "" {
			s.Errorf("user %q, want %q; refresh token there: %t", next.User.ID, first.User.ID, next.RefreshToken != "")
		}
		grant = next
	}
}

func lostResponse(s *subject) {
	grant := s.login()
	if _, err := s.refresh(grant); err != nil {
		s.Fatalf("Refresh: %v", err)
	}
	again, err := s.refresh(grant)
	if err != nil {
		s.Fatalf("Refresh with the same token: %v", err)
	}
	if _, err := s.refresh(again); err != nil {
		s.Errorf("Refresh with what that gave: %v", err)
	}
}

func deadToken(s *subject) {
	grant := s.login()
	for name, token := range map[string]latchkey.Secret{
		"unknown": "unknown", "cut off": grant.RefreshToken[:len(grant.RefreshToken)-1], "with more": grant.RefreshToken + "x",
	} {
		_, err := s.refresh(latchkey.Grant{User: grant.User, RefreshToken: token})
		s.refuses("a token that is "+name, err, latchkey.CodeRefreshRefused, grant.RefreshToken)
	}
	if _, err := s.refresh(grant); err != nil {
		s.Errorf("the genuine token after those: %v", err)
	}
}

func revoke(s *subject) {
	grant := s.login()
	id := grant.RefreshTokenID
	next, err := s.refresh(grant)
	if err != nil {
		s.Fatalf("Refresh: %v", err)
	}
	if next.RefreshTokenID != "" { // else it is still called the same
		id = next.RefreshTokenID
	}
	if err := s.Provider.Revoke(s.Context(), id); err != nil {
		s.Fatalf("Revoke: %v", err)
	}
	_, err = s.refresh(next)
	s.refuses("after the revocation", err, latchkey.CodeRefreshRefused, next.RefreshToken)
}

func revokeAgain(s *subject) {
	grant := s.login()
	for range 2 {
		if err := s.Provider.Revoke(s.Context(), grant.RefreshTokenID); err != nil {
			s.Errorf("Revoke: %v", err)
		}
	}
}

func deactivated(s *subject) {
	if s.Deactivate == nil {
		s.Skip("the provider cannot deactivate a user")
	}
	grant := s.login()
	s.Deactivate(s.T)
	var refused *latchkey.ProviderError
	_, err := s.Provider.Login(s.Context(), latchkey.Credentials{LoginID: s.LoginID, Password: s.Password, Device: device})
	if !errors.As(err, &refused) {
		s.Errorf("Login: error %v, want a *ProviderError", err)
	}
	_, err = s.refresh(grant)
	s.refuses("Refresh", err, latchkey.CodeRefreshRefused, grant.RefreshToken)
}

func deactivatedWrongPassword(s *subject) {
	if s.Deactivate == nil {
		s.Skip("the provider cannot deactivate a user")
	}
	s.Deactivate(s.T)
	_, err := s.Provider.Login(s.Context(), latchkey.Credentials{LoginID: s.LoginID, Password: "not " + s.Password, Device: device})
	s.refuses("a wrong password", err, latchkey.CodeInvalidCredentials, s.Password)
}

// A provider that needs nobody's answer may be done before it notices. It must not refuse.
func cancelled(s *subject) {
	grant := s.login()
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	goesOn := func(what string, err error) {
		s.Helper()
		if err != nil {
			s.cannotSay(what, err)
		}
	}
	_, err := s.Provider.Login(ctx, latchkey.Credentials{LoginID: s.LoginID, Password: s.Password, Device: device})
	goesOn("Login", err)
	_, err = s.Provider.Refresh(ctx, latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User, Device: device})
	goesOn("Refresh", err)
	if _, err := s.refresh(grant); err != nil {
		s.Errorf("Refresh after it: %v", err)
	}
	goesOn("Revoke", s.Provider.Revoke(ctx, grant.RefreshTokenID))
}

func cutOff(s *subject) {
	if s.CutOff == nil {
		s.Skip("the provider cannot be cut off")
	}
	grant := s.login()
	s.CutOff(s.T)
	_, err := s.Provider.Login(s.Context(), latchkey.Credentials{LoginID: s.LoginID, Password: s.Password, Device: device})
	s.cannotSay("Login", err)
	_, err = s.refresh(grant)
	s.cannotSay("Refresh", err)
	s.cannotSay("Revoke", s.Provider.Revoke(s.Context(), grant.RefreshTokenID))
}

// A login id that opens the account in another spelling must be counted with it.
func spellings(s *subject) {
	// what the guard does by itself
	canonical := func(loginID string) string { return strings.ToLower(loginID) }
	c, ok := s.Provider.(latchkey.LoginIDCanonicalizer)
	if ok {
		canonical = c.CanonicalLoginID
	}
	own := canonical(s.LoginID)
	if canonical(own) != own {
		s.Errorf("the canonical form of %q is %q", own, canonical(own))
	}
	for _, spelling := range []string{strings.ToUpper(s.LoginID), strings.ToLower(s.LoginID), fullWidth(s.LoginID), s.LoginID + " ", s.LoginID + "."} {
		_, err := s.Provider.Login(s.Context(), latchkey.Credentials{LoginID: spelling, Password: s.Password, Device: device})
		if err == nil && canonical(spelling) != own {
			s.Errorf("%q opens the account of %q, and its failures would be counted apart: %q and %q", spelling, s.LoginID, canonical(spelling), own)
		}
	}
}

// fullWidth writes the first letter as NFKC would fold it: ａda.
func fullWidth(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(rune(text[0])-'a'+'ａ') + text[1:]
}
