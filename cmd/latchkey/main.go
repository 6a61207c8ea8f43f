// Command latchkey runs Latchkey: see latchkey --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// A world is everything that a command uses besides its arguments.
type world struct {
	ctx            context.Context // ends when the user stops the program
	stdout, stderr io.Writer
}

type commands struct {
	Demo      demoCommand      `cmd:"" help:"Run everything on this machine: the store, the forums and their identity provider."`
	Serve     serveCommand     `cmd:"" help:"Run the gateway: the login in front of apps in any language."`
	IDP       idpCommand       `cmd:"" name:"idp" help:"Run the embedded identity provider alone."`
	Ready     readyCommand     `cmd:"" help:"Ask a running gateway whether it is ready: for health checks. Status 0 means yes."`
	Init      initCommand      `cmd:"" help:"Write a configuration for the gateway, with comments and fresh keys."`
	Config    configCommand    `cmd:"" help:"Check a configuration."`
	Doctor    doctorCommand    `cmd:"" help:"Check the identity provider, the configuration and the store, and report what is wrong."`
	User      userCommand      `cmd:"" help:"Manage the users of the embedded provider."`
	Passwords passwordsCommand `cmd:"" help:"Make a filter of breached passwords, which the provider then refuses."`
	App       appCommand       `cmd:"" help:"Manage the applications of the embedded provider."`
	APIKey    apiKeyCommand    `cmd:"" name:"api-key" help:"Manage the API keys with which programs call the embedded provider."`
	Keys      keysCommand      `cmd:"" help:"Manage the keys of the session cookies, and those of the embedded provider's JWTs."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// run is main with the world as arguments. It returns the exit status: 0; 1 if the command failed;
// 2 if it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("latchkey"),
		kong.Description("Login and sessions for single-page apps: HttpOnly cookies, and no token in JavaScript."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "latchkey:", err)
		return 1
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	command, err := parser.Parse(args)
	if helped {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "latchkey:", err)
		return 2
	}
	err = command.Run(world{ctx, stdout, stderr})
	var usage *usageError
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return 0
	case errors.Is(err, errProblems):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "latchkey:", err)
		return 2
	}
	fmt.Fprintln(stderr, "latchkey:", err)
	return 1
}

// A usageError is a mistake of the caller that only the command itself finds.
type usageError struct{ error }

// Unwrap returns the mistake.
func (e *usageError) Unwrap() error { return e.error }
