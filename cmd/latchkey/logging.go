package main

import (
	"io"
	"log/slog"
)

// logFlags are the flags of the commands that run servers.
type logFlags struct {
	LogFormat string `enum:"text,json" default:"text" help:"The format of log lines on standard error: text or json."`
	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"The lowest level to log: debug, info, warn or error."`
}

var logLevels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// logger returns the log of a command.
func (f logFlags) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: logLevels[f.LogLevel]}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
