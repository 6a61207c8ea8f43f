package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// licenses returns the license of every package in a bundle, which distributors of the bundle must
// include. The metafile is esbuild's: it lists the input files.
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

// packageOf returns the package of a file.
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

// licenseOf reads a package's license: MIT's if there is a choice.
func licenseOf(dir string) (string, error) {
	for _, name := range []string{"LICENSE-MIT", "LICENSE"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return string(text), nil
		}
	}
	return "", fmt.Errorf("no license in %s: it cannot be passed on", dir)
}
