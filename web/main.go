// Command web builds the pages of the example apps, the gateway's page for links in mails, and the
// browser client, from TypeScript to what the browser loads. The output is committed, so that
// everything else builds with Go alone; it is the same on every machine, byte for byte.
//
//	npm ci --prefix web && go run -C web .
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, err = os.Stat(filepath.Join(root, "node_modules", "preact")); err != nil {
		return fmt.Errorf("preact is not installed: run npm ci in %s first", root)
	}
	for page, dist := range map[string]string{"store": "../examples/store/dist", "forums": "../examples/forums/dist", "account": "../account/page"} {
		if err := buildPage(root, page, dist); err != nil {
			return fmt.Errorf("build %s: %w", page, err)
		}
	}
	return buildClient(root)
}

// buildClient rebuilds client/dist: one ES module, and the types of its exports.
func buildClient(root string) error {
	if err := os.RemoveAll(filepath.Join(root, "..", "client", "dist")); err != nil {
		return err
	}
	if _, err := bundle(root, "../client/src/index.ts", "../client/dist/latchkey.js", api.FormatESModule); err != nil {
		return err
	}
	types := exec.Command(filepath.Join(root, "node_modules", ".bin", "tsc"), "-p", "../client/tsconfig.types.json")
	types.Dir, types.Stdout, types.Stderr = root, os.Stderr, os.Stderr
	if err := types.Run(); err != nil {
		return fmt.Errorf("types of the client: %w", err)
	}
	return nil
}

// buildPage rebuilds a page's folder: app.js, app.css, the licenses of their packages, and a copy
// of the page's public folder. dist is relative to root.
func buildPage(root, page, dist string) error {
	folder := filepath.Join(root, dist)
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, page, "public"))); err != nil {
		return err
	}
	metafile, err := bundle(root, page+"/main.tsx", dist+"/app.js", api.FormatIIFE)
	if err != nil {
		return err
	}
	text, err := licenses(root, metafile)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "licenses.txt"), []byte(text), 0o666); err != nil {
		return err
	}
	_, err = bundle(root, page+"/style.css", dist+"/app.css", api.FormatDefault)
	return err
}
