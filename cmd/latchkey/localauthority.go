package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/internal/wholefile"
)

const (
	authorityLife   = 5 * 365 * 24 * time.Hour
	certificateLife = 90 * 24 * time.Hour
	renewBefore     = 30 * 24 * time.Hour
)

// A localAuthority signs certificates for development. Its own certificate is limited to the hosts
// that it was made for: a key stolen from a developer's machine cannot impersonate any other site.
type localAuthority struct {
	path string // of its certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	leaf *ecdsa.PrivateKey // of the certificates that it signs, in this process

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// openLocalAuthority reads the authority of a data directory. It creates one if there is none, or
// if the hosts have changed.
func openLocalAuthority(data string, hosts []string) (*localAuthority, error) {
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &localAuthority{path: filepath.Join(data, "local-ca.pem"), leaf: leaf, issued: make(map[string]*tls.Certificate)}
	pair, err := tls.LoadX509KeyPair(a.path, a.keyPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a, a.make(hosts)
	case err != nil:
		return nil, fmt.Errorf("cannot read the local certificate authority: %w; remove %s and %s to create a new one", err, a.path, a.keyPath())
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s was not made by latchkey", a.keyPath())
	}
	a.cert, a.key = pair.Leaf, key
	if a.cover(hosts) != nil || time.Until(a.cert.NotAfter) < certificateLife {
		return a, a.make(hosts)
	}
	return a, nil
}

func (a *localAuthority) keyPath() string { return strings.TrimSuffix(a.path, ".pem") + ".key" }

// cover fails if the authority's certificate does not cover one of the hosts.
func (a *localAuthority) cover(hosts []string) error {
	for _, host := range hosts {
		under := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
		if !loopbackAddress(host) && !slices.ContainsFunc(a.cert.PermittedDNSDomains, under) {
			return fmt.Errorf("tls: the local certificate authority does not cover %s: restart to create a new one", host)
		}
	}
	return nil
}

func (a *localAuthority) make(hosts []string) (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	now := time.Now()
	machine, _ := os.Hostname() // only for the name in the browser's list
	permitted := []string{"localhost"}
	for _, host := range hosts {
		if !strings.HasSuffix(host, ".localhost") && !loopbackAddress(host) && host != "localhost" {
			permitted = append(permitted, host)
		}
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Latchkey development on " + machine, Organization: []string{"Latchkey"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife), KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: permitted,
		PermittedIPRanges: []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(a.keyPath(), "PRIVATE KEY", private), writePEM(a.path, "CERTIFICATE", der))
}

func writePEM(path, kind string, der []byte) error {
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return err
	}
	return wholefile.Write(path, text.Bytes())
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b)
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b)
}

// certificate returns a certificate for the host that the browser asks for, and signs one if there
// is none yet.
func (a *localAuthority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	host := strings.ToLower(hello.ServerName)
	if host == "" { // SNI does not carry addresses
		if host, _, _ = net.SplitHostPort(hello.Conn.LocalAddr().String()); host == "" {
			return nil, errors.New("no server name")
		}
	}
	if err := a.cover([]string{host}); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.issued[host]; c != nil && time.Until(c.Leaf.NotAfter) > renewBefore {
		return c, nil
	}
	if len(a.issued) >= 1000 { // names below localhost are unlimited
		clear(a.issued)
	}
	c, err := a.issue(host)
	if err == nil {
		a.issued[host] = c
	}
	return c, err
}

func (a *localAuthority) issue(host string) (*tls.Certificate, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		template.IPAddresses = []net.IP{ip.AsSlice()}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.leaf.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leaf, Leaf: leaf}, err
}

// howToTrust says what the user must do, once, so that browsers trust the certificates.
func (a *localAuthority) howToTrust() string {
	return fmt.Sprintf(`To make browsers trust the local certificate authority, once:
  macOS:            sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain %[1]s
  Debian, Ubuntu:   sudo cp %[1]s /usr/local/share/ca-certificates/latchkey.crt && sudo update-ca-certificates
  Chromium, Linux:  mkdir -p $HOME/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n latchkey -i %[1]s
  Windows:          certutil -addstore -user Root %[1]s
  Firefox:          Settings, Certificates, Authorities, Import %[1]s`, a.path)
}

// chromium is the option with which a Chromium that has a profile directory of its own trusts the
// certificates of this process.
func (a *localAuthority) chromium() (string, error) {
	public, err := x509.MarshalPKIXPublicKey(a.leaf.Public())
	digest := sha256.Sum256(public)
	return "--ignore-certificate-errors-spki-list=" + base64.StdEncoding.EncodeToString(digest[:]), err
}
