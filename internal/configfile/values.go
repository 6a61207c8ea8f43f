package configfile

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v4"
)

func (r *reader) boolean(into *bool) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		switch text {
		case "true", "false":
			*into = text == "true"
		default:
			r.mistake(key, n, fmt.Sprintf("%q: write true or false", text))
		}
	}
}

func (r *reader) duration(into *time.Duration) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		number, days := strings.CutSuffix(text, "d")
		if count, err := strconv.ParseUint(number, 10, 16); days && err == nil {
			*into = time.Duration(count) * 24 * time.Hour
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			r.mistake(key, n, fmt.Sprintf("%q: write a duration, such as 30m, 1h or 30d", text))
		}
		*into = d
	}
}

var units = map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 1e3, "MB": 1e6, "GB": 1e9}

func (r *reader) size(into *int64) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		digits := strings.TrimRight(text, "BKMGi ")
		count, err := strconv.ParseInt(digits, 10, 64)
		unit, ok := units[strings.TrimSpace(text[len(digits):])]
		if err != nil || !ok || count <= 0 || count > math.MaxInt64/unit {
			r.mistake(key, n, fmt.Sprintf("%q: write a size, such as 10MiB", text))
			return
		}
		*into = count * unit
	}
}

func (r *reader) count(into *int) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		text := ""
		if r.text(&text)(key, n); r.unread[key] {
			return
		}
		count, err := strconv.Atoi(text)
		if err != nil || count < 1 {
			r.mistake(key, n, fmt.Sprintf("%q: write a number of at least 1, such as 100000", text))
			return
		}
		*into = count
	}
}

func (r *reader) address(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		_, port, err := net.SplitHostPort(*into)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			r.mistake(key, n, fmt.Sprintf("%q: write an address and a port, such as 127.0.0.1:8080, or :443 for every address", *into))
		}
	}
}

func (r *reader) httpURL(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		u, err := url.Parse(*into)
		if err != nil || u.Hostname() == "" || !validPort(u) || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			r.mistake(key, n, "write a URL, such as http://127.0.0.1:3000 or https://host.example.com")
		}
	}
}

// validPort reports whether a URL has a valid port, or none.
func validPort(u *url.URL) bool {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" && !strings.HasSuffix(u.Host, ":") || err == nil && port > 0
}

// uuid reads a UUID in its usual form, and returns it in lower case, as providers write it.
func (r *reader) uuid(into *string) func(string, *yaml.Node) {
	return func(key string, n *yaml.Node) {
		if r.text(into)(key, n); r.unread[key] {
			return
		}
		id, err := uuid.Parse(*into)
		if err != nil || len(*into) != 36 {
			r.mistake(key, n, fmt.Sprintf("%q: write a UUID, such as %s (a new one)", *into, newUUID()))
			return
		}
		*into = id.String()
	}
}
