package e2e_test

import (
	"context"
	"io"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/mail"
)

// An outbox is the folder of the provider's mails, as in the demo.
type outbox struct {
	*testing.T
	folder string
	put    func(context.Context, idp.Mail) error
	rings  chan struct{} // once for each mail
	read   map[string]bool
}

func newOutbox(t *testing.T) *outbox {
	t.Helper()
	o := &outbox{T: t, folder: t.TempDir(), rings: make(chan struct{}, 100), read: make(map[string]bool)}
	var err error
	if o.put, err = mail.Outbox(o.folder, "Latchkey test <test@latchkey.localhost>"); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outbox) send(ctx context.Context, m idp.Mail) error {
	err := o.put(ctx, m)
	o.rings <- struct{}{}
	return err
}

// link waits for the next mail, checks its recipient, and returns the link in it.
func (o *outbox) link(to string) string {
	o.Helper()
	select {
	case <-o.rings:
	case <-time.After(patience):
		o.Fatal("no letter")
	}
	return o.unread(to)
}

var links = regexp.MustCompile(`https?://\S+#\S+`)

func (o *outbox) letters() []string {
	o.Helper()
	paths, err := filepath.Glob(filepath.Join(o.folder, "*.eml"))
	if err != nil {
		o.Fatal(err)
	}
	return paths
}

// await waits until a program has written that many mails to the folder, and returns the link in
// the newest.
func (o *outbox) await(p *tab, count int, to string) string {
	o.Helper()
	for deadline := time.Now().Add(patience); len(o.letters()) < count; p.afterDrawing() {
		if time.Now().After(deadline) {
			o.Fatalf("%d letters in %q, want %d", len(o.letters()), o.folder, count)
		}
	}
	return o.unread(to)
}

// unread returns the link in the mail that has not been read yet.
func (o *outbox) unread(to string) string {
	o.Helper()
	for _, path := range o.letters() {
		if o.read[path] {
			continue
		}
		o.read[path] = true
		file, err := os.Open(path)
		if err != nil {
			o.Fatal(err)
		}
		defer file.Close()
		letter, err := netmail.ReadMessage(file)
		if err != nil {
			o.Fatal(err)
		}
		text, err := io.ReadAll(letter.Body)
		if err != nil {
			o.Fatal(err)
		}
		link := links.FindString(string(text))
		if address, err := netmail.ParseAddress(letter.Header.Get("To")); err != nil || address.Address != to || link == "" {
			o.Fatalf("a letter to %s with the link %q, want one to %s:\n%s", letter.Header.Get("To"), link, to, text)
		}
		return link
	}
	o.Fatal("no letter in the outbox")
	return ""
}
