package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/doctor"
	"github.com/latchkey-dev/latchkey/internal/filemode"
)

// Secrets come from the environment or from files: everybody on the machine can read a command
// line.
type doctorCommand struct {
	Config string `short:"c" type:"path" xor:"where" help:"The configuration of latchkey serve. Default: latchkey.yaml if it exists; otherwise the flags say what to check."`

	ProviderURL      string        `xor:"where" placeholder:"URL" help:"The FusionAuth server."`
	TenantID         string        `placeholder:"UUID" help:"The tenant, if the server has several."`
	ApplicationID    string        `placeholder:"UUID" help:"The application's id."`
	Issuer           string        `help:"The issuer that tokens must have."`
	Origin           string        `placeholder:"URL" help:"Where browsers find the app."`
	BasePath         string        `placeholder:"PATH" help:"The guard's Config.BasePath, such as /api: checks that browsers reach its routes of device-bound sessions."`
	DeviceBinding    string        `enum:",on,require,watch,off" default:"" help:"The guard's Config.DeviceBinding: on (the default), require, watch or off. With off, no session is bound to try it."`
	APIKeyFile       string        `name:"api-key-file" type:"path" help:"A file with the backend's API key. Default: the variable FUSIONAUTH_API_KEY."`
	ClientSecretFile string        `type:"path" help:"A file with the application's client secret. Default: the variable FUSIONAUTH_CLIENT_SECRET, if set."`
	Idle             time.Duration `help:"How long an unused session id lives. Default: 30m."`
	SessionCap       time.Duration `help:"How long a session id lives, used or not. Default: 1h."`
	RefreshTTL       time.Duration `name:"refresh-ttl" help:"How long an unused session can be brought back. Default: 720h."`
	Absolute         time.Duration `help:"How long a session lives at most. Default: 2160h."`

	SettingsKeyFile string `type:"path" help:"A file with an API key that may read FusionAuth's settings. Default: the variable FUSIONAUTH_SETTINGS_KEY, if set."`
	WebhookURL      string `placeholder:"URL" help:"Where FusionAuth should send its events."`
	LoginID         string `help:"Log this user in, refresh, and revoke, as the backend does."`
	PasswordFile    string `type:"path" help:"A file with the user's password. Default: the variable LATCHKEY_DOCTOR_PASSWORD."`
	JSON            bool   `name:"json" help:"Print JSON."`
}

// Help is the text above the flags in the command's help.
func (doctorCommand) Help() string {
	return "Checks the identity provider, the configuration and the store, and says how to fix what is wrong. Exit status: 0 no problems, perhaps warnings; 1 problems; 2 the checks could not run."
}

// errProblems ends the command with status 1, after everything has been printed.
var errProblems = errors.New("problems found")

// Run runs the checks, and prints what they found.
func (c doctorCommand) Run(w world) error {
	config, err := c.examined()
	if err != nil {
		return &usageError{err}
	}
	found := doctor.Examine(w.ctx, config)
	if w.ctx.Err() != nil {
		return &usageError{errors.New("stopped before all checks had run")}
	}
	problems, warnings := 0, 0
	for _, f := range found {
		switch f.Status {
		case doctor.Problem:
			problems++
		case doctor.Warning:
			warnings++
		}
	}
	if c.JSON {
		out := json.NewEncoder(w.stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		err = out.Encode(map[string]any{"problems": problems, "warnings": warnings, "findings": found})
	} else {
		err = printFindings(w.stdout, found, problems, warnings)
	}
	if err == nil && problems > 0 {
		return errProblems
	}
	return err
}

func printFindings(w io.Writer, found []doctor.Finding, problems, warnings int) error {
	var text strings.Builder
	for _, f := range found {
		fmt.Fprintf(&text, "%-8s %s", f.Status, oneLine(f.Message))
		if f.App != "" {
			fmt.Fprintf(&text, " [%s]", oneLine(f.App))
		}
		if f.Mend != "" {
			fmt.Fprintf(&text, "\n         -> %s", oneLine(f.Mend))
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "\n%d problems, %d warnings\n", problems, warnings)
	_, err := io.WriteString(w, text.String())
	return err
}

// oneLine keeps control characters in a server's text from reaching the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// examined returns what to check.
func (c doctorCommand) examined() (config doctor.Config, err error) {
	if _, err := os.Stat("latchkey.yaml"); err == nil && c.Config == "" && c.ProviderURL == "" {
		c.Config = "latchkey.yaml"
	}
	if c.Config != "" {
		config, err = c.fromFile()
	} else {
		config, err = c.fromFlags()
	}
	if err != nil {
		return config, err
	}
	config.WebhookURL = cmp.Or(c.WebhookURL, config.WebhookURL)
	if config.SettingsKey, err = secretOf(c.SettingsKeyFile, "FUSIONAUTH_SETTINGS_KEY"); err != nil {
		return config, err
	}
	if c.LoginID != "" {
		password, err := secretOf(c.PasswordFile, "LATCHKEY_DOCTOR_PASSWORD")
		if err != nil {
			return config, err
		}
		if password == "" {
			return config, errors.New("--login-id: the password is missing: set LATCHKEY_DOCTOR_PASSWORD, or --password-file")
		}
		config.Trial = &doctor.Trial{LoginID: c.LoginID, Password: password}
	}
	return config, nil
}

func (c doctorCommand) fromFlags() (config doctor.Config, err error) {
	if c.ProviderURL == "" || c.ApplicationID == "" {
		return config, errors.New("nothing to check: give -c latchkey.yaml, or --provider-url and --application-id")
	}
	if c.BasePath != "" && c.Origin == "" {
		return config, errors.New("--base-path: add --origin, where browsers find the app")
	}
	config = doctor.Config{
		URL: c.ProviderURL, TenantID: c.TenantID, Issuer: c.Issuer,
		Session: doctor.Session{Idle: c.Idle, Cap: c.SessionCap, RefreshTTL: c.RefreshTTL, Absolute: c.Absolute},
	}
	if config.APIKey, err = secretOf(c.APIKeyFile, "FUSIONAUTH_API_KEY"); err != nil {
		return config, err
	}
	secret, err := secretOf(c.ClientSecretFile, "FUSIONAUTH_CLIENT_SECRET")
	config.Apps = []doctor.App{{Origin: c.Origin, BasePath: c.BasePath, NotBound: c.DeviceBinding == "off", ApplicationID: c.ApplicationID, ClientSecret: secret}}
	return config, err
}

// secretOf reads a secret from a file that only its owner can read or, if none is named, from the
// environment.
func secretOf(file, variable string) (latchkey.Secret, error) {
	if file == "" {
		return latchkey.Secret(os.Getenv(variable)), nil
	}
	if err := filemode.Secret(file); err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return latchkey.Secret(strings.TrimRight(string(text), "\r\n")), nil
}
