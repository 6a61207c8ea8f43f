package idp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// Config is what [Open] needs to know. Only Secret is required.
type Config struct {
	// Path is the SQLite file, created if it does not exist, readable by its
	// owner only. Empty: a database in memory, gone with the Server.
	Path string

	// Postgres is the URL of a PostgreSQL database instead, for several nodes
	// that share it: postgres://user:password@host:port/database. The tables are
	// in the schema latchkey_provider, which is created if it does not exist. A
	// host that is not this machine must have a certificate for its name, unless
	// the URL says sslmode=disable.
	Postgres PostgresURL

	// Secret is the root of all keys: of refresh tokens, of the digests of API
	// keys and client secrets, and of the seal around the signing keys. It must
	// come from a cryptographic random source and be kept outside the database.
	Secret Secret

	// DefaultTenantID is the id of the default tenant of a new database. Empty: a
	// new one. In a database that has one it changes nothing.
	DefaultTenantID string

	// Issuer is the iss claim of the JWTs of the default tenant, and of tenants that
	// have no issuer of their own. It is an absolute URL without a query, a fragment
	// or a slash at the end, where the discovery document is found. It is stored, and
	// cannot be changed over HTTP; tokens that name the one before stay valid until
	// they expire. Empty: the one in the database.
	Issuer string

	// URL is where apps reach the provider, such as https://auth.example.com. It is
	// the issuer of a new database if Issuer is empty, and changes nothing later.
	// Empty: a new database has the issuer "latchkey", which libraries for OpenID
	// Connect do not take.
	URL string

	// Hash is the cost and the pool of password hashing.
	Hash HashConfig

	// KeyRotation is how long a key signs JWTs before a new one is created; the old
	// one verifies as long as a token that it signed may live. Default: 90 days.
	// Negative: never by itself.
	KeyRotation time.Duration

	// PasswordMinLength is the shortest password that may be set, in code
	// points after NFC. Default: 15, what SP 800-63B asks if the password is
	// the only factor.
	PasswordMinLength int

	// BreachedPasswords is the file of a filter that latchkey passwords
	// build-filter made: what is in it cannot be set as a password. It is read
	// when a password is set, and stays open until Close. Empty: none.
	BreachedPasswords string

	// SendMail sends a letter to a user. Nil: nobody can prove an address or set
	// a new password by mail.
	SendMail func(context.Context, Mail) error

	// WebhookTransport sends the events of webhooks. Nil: one of its own, by the
	// proxy of the environment.
	WebhookTransport http.RoundTripper

	// LeaveEvents leaves the events of webhooks and the sweep to another
	// process with the same database, now or later. It is for programs that
	// change something and end.
	LeaveEvents bool

	// Logger receives one record for each login, refresh, reuse and revocation.
	// Passwords, tokens and keys are never in it. Nil: nothing is logged.
	Logger *slog.Logger

	// Now tells the time. Nil: time.Now.
	Now func() time.Time
}

// Secret is 32 random bytes. It does not show itself when it is printed.
type Secret [32]byte

// Format writes a placeholder, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// LogValue is the placeholder for log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// PostgresURL has a password in it. It does not show itself when it is printed.
type PostgresURL string

// Format writes a placeholder, whatever the verb.
func (PostgresURL) Format(f fmt.State, _ rune) { io.WriteString(f, "[url]") }

// LogValue is the placeholder for log/slog.
func (PostgresURL) LogValue() slog.Value { return slog.StringValue("[url]") }

// HashConfig sets Argon2id's cost, and how many hashes may run and wait.
type HashConfig struct {
	// Workers is how many hashes run at once; 0: all processors but one, at least one.
	// Half as many, at least one, run beside them for users whose hashes are imported
	// or of an earlier cost, so that nobody else waits for those.
	Workers int
	Queue   int // callers that may wait for a worker of either kind, the rest get 503; 0: 64

	MemoryKiB  uint32 // 0: 19456 (19 MiB), OWASP's row together with
	Iterations uint32 // 0: 2

	// InsecureHash allows a cost below OWASP's rows. It is for tests, whose
	// passwords protect nothing.
	InsecureHash bool
}

// Defaults of a new application or tenant, and of Config.
const (
	defaultQueue           = 64
	defaultKeyRotation     = 90 * 24 * time.Hour
	defaultPasswordMin     = 15
	defaultAccessTokenTTL  = time.Hour
	defaultRefreshTokenTTL = 30 * 24 * time.Hour
	defaultRefreshTokenMax = 90 * 24 * time.Hour

	passwordMaxLength = 256 // FusionAuth's, in code points
)

// withDefaults returns c with every blank filled in.
func (c Config) withDefaults() Config {
	if c.Hash.Queue == 0 {
		c.Hash.Queue = defaultQueue
	}
	if c.Hash.MemoryKiB == 0 {
		c.Hash.MemoryKiB = password.OWASP.MemoryKiB
	}
	if c.Hash.Iterations == 0 {
		c.Hash.Iterations = password.OWASP.Iterations
	}
	if c.KeyRotation == 0 {
		c.KeyRotation = defaultKeyRotation
	}
	if c.PasswordMinLength == 0 {
		c.PasswordMinLength = defaultPasswordMin
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// check reports every mistake at once.
func (c Config) check() error {
	var errs []error
	if c.Secret == (Secret{}) {
		errs = append(errs, errors.New("idp: Config.Secret: required"))
	}
	if _, err := fusion.ParseID("Config.DefaultTenantID", c.DefaultTenantID); err != nil {
		errs = append(errs, err)
	}
	if c.Path != "" && c.Postgres != "" {
		errs = append(errs, errors.New("idp: Config.Postgres: cannot be combined with Path"))
	}
	if c.PasswordMinLength < 1 || c.PasswordMinLength > passwordMaxLength {
		errs = append(errs, fmt.Errorf("idp: Config.PasswordMinLength: %d, want 1 to %d", c.PasswordMinLength, passwordMaxLength))
	}
	if err := c.checkIssuers(); err != nil {
		errs = append(errs, err)
	}
	if !c.Hash.params().Strong() && !c.Hash.InsecureHash {
		errs = append(errs, errors.New("idp: Config.Hash: weaker than OWASP's minimum (set InsecureHash in tests)"))
	}
	return errors.Join(errs...)
}

func (h HashConfig) params() password.Params {
	return password.Params{MemoryKiB: h.MemoryKiB, Iterations: h.Iterations, Lanes: 1}
}

func (c Config) openDatabase(ctx context.Context) (database.DB, error) {
	if c.Postgres != "" {
		return database.OpenPostgres(ctx, string(c.Postgres))
	}
	return database.OpenSQLite(ctx, c.Path)
}

// databaseName is for messages. The URL of a PostgreSQL has a password in it.
func (c Config) databaseName() string {
	if c.Postgres != "" {
		return "in PostgreSQL"
	}
	return strconv.Quote(c.Path)
}
