package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licenses returns the license of every package that is in a bundle, as those who pass the bundle on must. The metafile is esbuild's: it names
// the files that went in.
func licenses(root, metafile string) (string, error) {
	var in struct {
		Inputs map[string]struct{} `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &in); err != nil {
		return "", err
	}
	var names []string
	for file := range in.Inputs {
		if name, ok := packageOf(file); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := new(strings.Builder)
	for _, name := range names {
		license, err := licenseOf(filepath.Join(root, "node_modules", name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(text, "%s\n%s\n\n%s\n\n", name, strings.Repeat("=", len(name)), strings.TrimSpace(license))
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// packageOf names the package that a file is from.
func packageOf(file string) (name string, ok bool) {
	_, path, ok := strings.Cut(filepath.ToSlash(file), "node_modules/")
	if !ok {
		return "", false
	}
	parts := strings.SplitN(path, "/", 3)
	if strings.HasPrefix(path, "@") {
		return strings.Join(parts[:2], "/"), true
	}
	return parts[0], true
}

// licenseOf reads a package's license: MIT's where there is a choice.
func licenseOf(dir string) (string, error) {
	for _, name := range []string{"LICENSE-MIT", "LICENSE"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return string(text), nil
		}
	}
	return "", fmt.Errorf("no license in %s: it cannot be passed on", dir)
}
