package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

type userCommand struct {
	Add           userAddCommand      `cmd:"" help:"Add a user to the embedded provider, registered for every app. The password is read from the terminal or from standard input."`
	List          userListCommand     `cmd:"" help:"List users."`
	Show          userShowCommand     `cmd:"" help:"Show a user."`
	Lock          userLockCommand     `cmd:"" help:"Lock a user out: refresh tokens are revoked, and the sessions of a gateway that runs end within a second or two."`
	Unlock        userUnlockCommand   `cmd:"" help:"Let a user in again."`
	Delete        userDeleteCommand   `cmd:"" help:"Delete a user for good, with all registrations. Sessions end as with lock."`
	ResetPassword userPasswordCommand `cmd:"" help:"Give a user a new password, which is read from the terminal or from standard input. Refresh tokens are revoked, and sessions end as with lock."`
	Import        userImportCommand   `cmd:"" help:"Import users from a file in the format of FusionAuth's import, hashes of other systems included: all of them, or none."`
}

type userAddCommand struct {
	Config string   `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration of the gateway."`
	Email  string   `arg:"" help:"The user's e-mail address."`
	Role   []string `help:"A role in every app; may come several times."`
}

// Run may be used while the gateway runs: the user can log in at once.
func (c userAddCommand) Run(w world) (err error) {
	file, err := configfile.Read(c.Config)
	if err != nil {
		return err
	}
	if file.Provider.URL != "" {
		return fmt.Errorf("%s names the provider %s: add the user there", c.Config, file.Provider.URL)
	}
	password, err := readPassword(w)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(file.Data, 0o700); err != nil {
		return err
	}
	server, _, err := openProviderIn(w.ctx, file.Data, idp.Config{BreachedPasswords: file.Provider.BreachedPasswords, LeaveEvents: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := (&embeddedProvider{Server: server}).know(w.ctx, file); err != nil {
		return err
	}
	user, err := server.CreateUser(w.ctx, idp.NewUser{Email: c.Email, Password: password, Verified: true})
	if err != nil {
		return err
	}
	for _, a := range file.Apps {
		if err := server.Register(w.ctx, user.ID, a.ApplicationID, c.Role...); err != nil {
			return err
		}
	}
	fmt.Fprintf(w.stdout, "added %s %s\n", user.Email, user.ID)
	return nil
}

// readPassword never takes it from the command line, where other users of the machine see it.
func readPassword(w world) (string, error) {
	if in := os.Stdin; term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(w.stderr, "Password: ")
		password, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(w.stderr)
		return string(password), err
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.Join(errors.New("no password on standard input"), ignoreEOF(err))
	}
	return line, ignoreEOF(err)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
