package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// remember keeps the copies of the session's cookies, and what is needed to analyse a violation.
func (b *browser) remember(path string, set []*http.Cookie, line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if pair := sessionCookies(set); len(pair) == 2 && path != "/api/login" {
		b.copies = append(b.copies, pair)
	}
	b.history = append(b.history, line)
}

// sessionCookies leaves out the device cookie, and cookies that are deleted.
func sessionCookies(set []*http.Cookie) (pair []*http.Cookie) {
	for _, c := range set {
		if (c.Name == "__Host-session" || c.Name == "__Host-refresh") && c.Value != "" {
			pair = append(pair, c)
		}
	}
	return pair
}

// tails abbreviates the cookies to tell them apart.
func tails(cookies []*http.Cookie) string {
	var said []string
	for _, c := range sessionCookies(cookies) {
		said = append(said, c.Value[len(c.Value)-6:])
	}
	return fmt.Sprint(said)
}

func (b *browser) keepHistory() {
	if b.Failed() {
		os.WriteFile(filepath.Join(b.dir, b.name+".txt"), []byte(strings.Join(b.history, "\n")), 0o600)
	}
}
