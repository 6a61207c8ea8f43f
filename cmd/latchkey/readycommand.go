package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

type readyCommand struct {
	Config string `short:"c" default:"latchkey.yaml" type:"path" help:"The configuration of the running gateway."`
}

// Run asks the gateway at the admin address of the file. It takes at most five seconds.
func (c readyCommand) Run(w world) error {
	file, err := configfile.ReadPart(c.Config, configfile.Only("admin"))
	if err != nil {
		return err
	}
	if file.Admin == "" {
		return errors.New("admin: missing: latchkey ready needs it; add admin: 127.0.0.1:9012")
	}
	host, port, err := net.SplitHostPort(file.Admin)
	if err != nil {
		return err
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1" // it listens on every address, loopback included
	}
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := statusClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	fmt.Fprintf(w.stdout, "ready %s", text)
	return nil
}
