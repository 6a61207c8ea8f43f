package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// certificates is the source of TLS certificates: files, an ACME server, or the local authority.
type certificates struct {
	closers
	hosts  atomic.Pointer[[]string]
	config *tls.Config

	howToTrust string                     // how to make browsers trust the local authority; empty: nothing to do
	chromium   string                     // Chromium's option to trust this process without that
	roots      *x509.CertPool             // the local authority's; nil: certificates from elsewhere
	files      *certificateFiles          // nil: certificates from elsewhere
	issuer     *certmagic.ACMEIssuer      // nil: certificates from elsewhere
	manager    func(hosts []string) error // obtains certificates for new hosts after a reload
}

func openCertificates(file *configfile.File, addr net.Addr, log *slog.Logger) (c *certificates, err error) {
	c = &certificates{}
	hosts := hostnames(file)
	c.hosts.Store(&hosts)
	switch {
	case file.TLS.CertFile != "":
		c.files, err = newCertificateFiles(file.TLS, log)
		if err != nil {
			return nil, file.Mistake("tls.cert_file", err.Error())
		}
		c.config = &tls.Config{GetCertificate: c.files.get}
	case file.TLS.Local:
		return openLocalCertificates(file.Data, hosts, log)
	default:
		if err := c.automatic(file, addr, log); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// openLocalCertificates uses certificates signed by an authority of this machine's own, for
// development.
func openLocalCertificates(data string, hosts []string, log *slog.Logger) (*certificates, error) {
	authority, err := openLocalAuthority(data, hosts)
	if err != nil {
		return nil, err
	}
	log.Warn("tls: certificates of a local authority, for development only", "authority", authority.path)
	roots := x509.NewCertPool()
	roots.AddCert(authority.cert)
	c := &certificates{howToTrust: authority.howToTrust(), roots: roots, config: &tls.Config{GetCertificate: authority.certificate}, manager: authority.cover}
	if c.chromium, err = authority.chromium(); err != nil {
		return nil, err
	}
	c.hosts.Store(&hosts)
	return c, nil
}

func hostnames(file *configfile.File) (hosts []string) {
	for _, a := range file.Apps {
		hosts = append(hosts, strings.ToLower(hostname(a.Host)))
	}
	return hosts
}

// checkTLS reads what the file names for TLS, as a start would, and changes nothing.
func checkTLS(file *configfile.File) error {
	switch {
	case file.TLS.CertFile != "":
		if _, err := readCertificate(file.TLS); err != nil {
			return file.Mistake("tls.cert_file", err.Error())
		}
	case file.TLS.Auto:
		_, err := acmeRoots(file)
		return err
	}
	return nil
}

// acmeRoots are the root certificates that an ACME server is verified with; nil: the system's. It
// refuses hosts for which no public authority issues certificates.
func acmeRoots(file *configfile.File) (roots *x509.CertPool, err error) {
	for i, host := range hostnames(file) {
		if !certmagic.SubjectQualifiesForPublicCert(host) {
			return nil, file.Mistake(fmt.Sprintf("apps[%d].host", i), "no public authority issues certificates for "+host+": use tls: local for development")
		}
	}
	if file.TLS.RootFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file.TLS.RootFile)
	if err != nil {
		return nil, file.Mistake("tls.root_file", err.Error())
	}
	if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
		return nil, file.Mistake("tls.root_file", file.TLS.RootFile+" has no certificate")
	}
	return roots, nil
}

// automatic obtains and renews certificates in the background. Until a host has one, its handshakes
// fail.
func (c *certificates) automatic(file *configfile.File, addr net.Addr, log *slog.Logger) error {
	roots, err := acmeRoots(file)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil }, Logger: zap.NewNop(),
	})
	c.closers = append(c.closers, closeFunc(func() error { stop(); cache.Stop(); return nil }))
	magic = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(file.Data, "certificates")}, Logger: zap.NewNop(),
		OnEvent: func(_ context.Context, event string, data map[string]any) error {
			tellOfCertificate(log, event, data)
			return nil
		},
	})
	template := certmagic.ACMEIssuer{
		CA: certmagic.LetsEncryptProductionCA, Email: file.TLS.Email, Agreed: true, TrustedRoots: roots, Logger: zap.NewNop(),
		DisableHTTPChallenge: file.Redirect == "", DisableDistributedSolvers: true,
		AltTLSALPNPort: portOf(addr.String()), AltHTTPPort: portOf(file.Redirect), // certmagic listens itself if it believes that nobody else does
	}
	if file.TLS.Directory != "" {
		template.CA = file.TLS.Directory
	}
	c.issuer = certmagic.NewACMEIssuer(magic, template)
	magic.Issuers = []certmagic.Issuer{c.issuer}
	c.config = magic.TLSConfig()
	c.manager = func(hosts []string) error { return magic.ManageAsync(ctx, hosts) }
	return c.manager(*c.hosts.Load())
}

func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return n
}

func tellOfCertificate(log *slog.Logger, event string, data map[string]any) {
	switch event {
	case "cert_obtained":
		log.Info("certificate obtained", "host", data["identifier"])
	case "cert_failed":
		log.Error("no certificate", "host", data["identifier"], "error", data["error"])
	}
}

// listen speaks TLS on a listener.
func (c *certificates) listen(listener net.Listener) net.Listener {
	config := c.config.Clone()
	config.MinVersion = tls.VersionTLS12
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...) // certmagic may have added the protocol of a challenge
	return tls.NewListener(listener, config)
}

// trusted reports whether browsers elsewhere trust the certificate of a host, so that HSTS is safe
// to send.
func (c *certificates) trusted(host string) bool {
	return c.issuer != nil || c.files != nil && c.files.trusted(host)
}

// use switches to a configuration that was reloaded.
func (c *certificates) use(file *configfile.File) error {
	hosts := hostnames(file)
	if err := checkTLS(file); err != nil {
		return err
	}
	if c.files != nil {
		if err := c.files.use(file.TLS); err != nil {
			return file.Mistake("tls.cert_file", err.Error())
		}
	} else if err := c.manager(hosts); err != nil {
		return err
	}
	c.hosts.Store(&hosts)
	return nil
}
