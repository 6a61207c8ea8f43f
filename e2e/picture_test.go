package e2e_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// picture saves a picture of the page; the test's log says where.
func (p *tab) picture() {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Logf("no picture of the page: %v", err)
		return
	}
	file, err := os.CreateTemp(pictures(p.T), strings.ReplaceAll(p.Name(), "/", "_")+"-*.png")
	if err != nil {
		p.Log(err)
		return
	}
	defer file.Close()
	if _, err := file.Write(png); err != nil {
		p.Log(err)
	}
	p.Logf("a picture of the page: %s", file.Name())
}

// pictures returns the directory for pictures: the test's artifacts, if they are kept.
func pictures(t *testing.T) string {
	if kept := flag.Lookup("test.artifacts"); kept != nil && kept.Value.String() == "true" {
		return t.ArtifactDir()
	}
	dir := filepath.Join(os.TempDir(), "latchkey-e2e-pictures")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Log(err)
	}
	return dir
}
