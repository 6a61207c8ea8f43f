package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// lookEvery is how often certificate files are checked for changes.
const lookEvery = time.Second

// certificateFiles are a certificate and its key on disk. When another program renews them, the
// next handshake uses the new ones. Files that do not match, because only one has been written yet,
// are ignored.
type certificateFiles struct {
	log *slog.Logger

	mu      sync.Mutex
	names   configfile.TLS
	looked  time.Time
	stamps  [2]time.Time
	current *tls.Certificate
}

func newCertificateFiles(names configfile.TLS, log *slog.Logger) (*certificateFiles, error) {
	f := &certificateFiles{log: log}
	return f, f.use(names)
}

// use loads the files of those names. If it fails, nothing changes.
func (f *certificateFiles) use(names configfile.TLS) error {
	stamps, err := stamp(names)
	if err != nil {
		return err
	}
	current, err := readCertificate(names)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names, f.current, f.stamps, f.looked = names, current, stamps, time.Now()
	return nil
}

func readCertificate(names configfile.TLS) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(names.CertFile, names.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a certificate and its key: %w", names.CertFile, names.KeyFile, err)
	}
	return &c, nil
}

func stamp(names configfile.TLS) (stamps [2]time.Time, err error) {
	for i, name := range []string{names.CertFile, names.KeyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps, err
		}
		stamps[i] = info.ModTime()
	}
	return stamps, nil
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) < lookEvery {
		return f.current, nil
	}
	f.looked = time.Now()
	stamps, err := stamp(f.names)
	if err != nil || stamps == f.stamps {
		return f.current, nil
	}
	renewed, err := readCertificate(f.names)
	if err != nil {
		f.log.Error("cannot load the changed certificate files: keeping the old certificate", "error", err)
		return f.current, nil
	}
	f.log.Info("certificate reloaded", "until", renewed.Leaf.NotAfter)
	f.current, f.stamps = renewed, stamps
	return f.current, nil
}

// trusted reports whether the system's certificate authorities vouch for the certificate.
func (f *certificateFiles) trusted(host string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	between := x509.NewCertPool()
	for _, der := range f.current.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := f.current.Leaf.Verify(x509.VerifyOptions{DNSName: host, Intermediates: between})
	return err == nil
}
