package redisstore_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/redisstore"
	"github.com/latchkey-dev/latchkey/storetest"
)

func TestBadURL(t *testing.T) {
	for url, want := range map[string]string{
		"":                                        "begin with redis://",
		"localhost:6379":                          "begin with redis://",
		"http://localhost:6379":                   "begin with redis://",
		"redis://":                                "hosts and their ports",
		"redis://a:1,,b:2":                        "hosts and their ports",
		"redis://a:1:2":                           "hosts and their ports",
		"redis://a:99999":                         "port of host a",
		"redis://a:0":                             "port of host a",
		"redis://a/x":                             "not a number",
		"redis://a/-1":                            "not a number",
		"redis://a/0?replicas=x":                  "replicas is not a number",
		"redis://a/0?replicas=-1":                 "replicas is not a number",
		"redis://a?wait=1":                        "only two settings",
		"redis://a?replicas=1&replicas=2":         "only two settings",
		"redis://redis.example.com:6379":          "rediss://",
		"redis://127.0.0.1:1,redis.example.com":   "rediss://",
		"redis://u:s3cr3t@10.0.0.7":               "sslmode=disable",
		"redis://a?sslmode=require":               "sslmode must be disable",
		"rediss://a?sslmode=disable":              "sslmode must be disable",
		"redis://a#x":                             "what follows the hosts",
		"redis://u:s3cr3t/with/slash@host:6379":   "percent-encode",
		"redis://u:s3cr3t?x@host:6379":            "percent-encode",
		"redis://u:s3cr3t%zz@host:6379":           "percent-encode",
		"redis://u:s3cr3t@host:6379,u:s3cr3t@b":   "percent-encode",
		"redis://u:s3cr3t@127.0.0.1:1":            "127.0.0.1:1",
		"redis://u:s3cr3t@127.0.0.1:1/3?replicas": "replicas is not a number",
	} {
		_, err := redisstore.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3c") {
			t.Errorf("%q: the error has the password: %v", url, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := redisstore.Open(ctx, "redis://127.0.0.1:1")
	unknown(t, "a cancelled context", err)
}

func TestCheckURL(t *testing.T) {
	for _, url := range []string{
		"redis://localhost", "redis://127.0.0.1:6379/3?replicas=1", "redis://[::1]", "rediss://redis.example.com,b.example.com:7000", "redis://redis:6379/0?sslmode=disable&replicas=1",
	} {
		if err := redisstore.CheckURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if err := redisstore.CheckURL("redis://redis.example.com"); err == nil {
		t.Error("another machine without TLS")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	other := redistest.Start(t)
	locked := redistest.Start(t, "requirepass s3cr3t")
	for url, want := range map[string]string{
		"redis://" + server.Addr + "," + other.Addr: "one Redis Cluster",
		server.URL() + "/99":                        "DB index",
		locked.URL():                                "NOAUTH",
		"redis://:s3cr3tno@" + locked.Addr:          "WRONGPASS",
		"rediss://" + server.Addr:                   "",
	} {
		_, err := redisstore.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	must(t, open(t, "redis://:s3cr3t@"+locked.Addr).Close())
}

func TestDatabasesAreApart(t *testing.T) {
	server := redistest.Start(t)
	rec := session()
	must(t, open(t, server.URL()+"/3").Create(t.Context(), rec))
	if _, err := open(t, server.URL()).Get(t.Context(), rec.ID); err != latchkey.ErrNotFound {
		t.Errorf("in database 0: %v", err)
	}
	if server.Command(t, "-n", "3", "DBSIZE") == "0" {
		t.Error("database 3 is empty")
	}
}

// rights are those in the package's documentation.
const rights = "~lk1:* +@read +@write +@connection +@scripting +time +wait +cluster|slots +cluster|info +cluster|nodes"

func TestRights(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("redisstore.go")
	if err != nil || !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(string(source), "//", "")), " "), rights) {
		t.Fatalf("these are not the documented rights: %v", err)
	}
	settings := "user latchkey on >p@ss " + rights
	master := redistest.Start(t, settings)
	redistest.StartReplica(t, master)
	url := "redis://latchkey:p%40ss@" + master.Addr
	storetest.Run(t, func(t *testing.T) latchkey.Store { return open(t, url+"?replicas=1") })
	storetest.RunWatcher(t, func(t *testing.T) (a, b latchkey.Store) { return open(t, url), open(t, url) })

	cluster := redistest.StartCluster(t, settings)
	s := open(t, strings.Replace(cluster.URL(), "//", "//latchkey:p%40ss@", 1)+"?replicas=1")
	w := watch(t, s)
	rec := session()
	must(t, s.Create(t.Context(), rec))
	must(t, s.Swap(t.Context(), ended(rec)))
	if pending, err := s.Unrevoked(t.Context(), rec.App, latchkey.ID{}, 10); err != nil || len(pending) != 1 {
		t.Errorf("Unrevoked: %v, %v", pending, err)
	}
	w.caughtUp(t)
	if w.count(rec.ID) == 0 {
		t.Error("Watch does not tell")
	}
}

// certificate is one for localhost, made once, since the process reads the certificates that it
// trusts once.
var certificate = sync.OnceValues(func() (tls.Certificate, []byte) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
})

// TestTLS reaches a server through a TLS terminator, as in front of many managed ones.
func TestTLS(t *testing.T) {
	pair, trusted := certificate()
	file := filepath.Join(t.TempDir(), "trusted.pem")
	must(t, os.WriteFile(file, trusted, 0o600))
	t.Setenv("SSL_CERT_FILE", file)
	server := redistest.Start(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go pipe(conn, server.Addr)
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)

	s := open(t, "rediss://localhost:"+port)
	rec := session()
	must(t, s.Create(t.Context(), rec))
	w := watch(t, s)
	must(t, s.Swap(t.Context(), ended(rec)))
	w.caughtUp(t)
	if w.count(rec.ID) == 0 {
		t.Error("Watch over TLS does not tell")
	}
	if _, err := redisstore.Open(t.Context(), "rediss://127.0.0.1:"+port); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("under a name that the certificate does not have: %v", err)
	}
}

func pipe(conn net.Conn, addr string) {
	defer conn.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		io.Copy(server, conn)
		server.Close()
	}()
	io.Copy(conn, server)
}
