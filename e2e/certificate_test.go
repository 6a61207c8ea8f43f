package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"sync"
	"time"
)

// A serverCertificate is signed by its own key.
type serverCertificate struct {
	tls.Certificate
	roots     *x509.CertPool // for Go's own client
	keyDigest string         // by which Chromium knows it
}

// certificate is that of all servers of the tests. Chromium binds no session where it merely
// ignores errors of a certificate: it must be told which key to trust.
var certificate = sync.OnceValue(func() *serverCertificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"*." + secure.domain, stranger}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	c := &serverCertificate{
		Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		roots:       x509.NewCertPool(), keyDigest: base64.StdEncoding.EncodeToString(digest[:]),
	}
	c.roots.AddCert(leaf)
	return c
})
