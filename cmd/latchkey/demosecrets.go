package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

// demoSecrets are generated for each data directory: the program has no default password or key.
type demoSecrets struct {
	Email        string `json:"email"`
	Password     string `json:"password"`
	APIKey       string `json:"apiKey"`
	ClientSecret string `json:"clientSecret"` // of the forums
	Provider     []byte `json:"provider"`     // root of the provider's keys
}

// loadDemoSecrets reads the file, or creates it if it is missing.
func loadDemoSecrets(path string) (demoSecrets, error) {
	var s demoSecrets
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeDemoSecrets(path)
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil || len(s.Provider) != 32 || s.Password == "" {
		return s, fmt.Errorf("%s is damaged: remove the data directory to start over", path)
	}
	return s, nil
}

func makeDemoSecrets(path string) (demoSecrets, error) {
	s := demoSecrets{
		Email: "ada@example.com", Password: passphrase(),
		APIKey: rand.Text() + rand.Text(), ClientSecret: rand.Text(), Provider: make([]byte, 32),
	}
	rand.Read(s.Provider)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return s, err
	}
	return s, wholefile.Write(path, append(text, '\n'))
}

// passphrase returns five groups of four letters and digits, about 100 bits, for a person to type.
func passphrase() string {
	text := rand.Text()
	out := ""
	for i := range 5 {
		if i > 0 {
			out += "-"
		}
		out += text[4*i : 4*i+4]
	}
	return out
}
