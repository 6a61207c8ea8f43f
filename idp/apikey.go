package idp

// APIKey lets a backend call the provider.
type APIKey struct {
	// Key is what the backend sends in the Authorization header, with no scheme
	// before it. Only a digest is kept.
	Key         string
	Description string

	// TenantID confines the key to one tenant. Empty: all of them.
	TenantID string

	// Endpoints lists what the key may call, such as {"/api/login": {"POST"}}.
	// Empty: everything.
	Endpoints map[string][]string
}

// minAPIKey is the length of FusionAuth's shortest generated key, less a
// little. A shorter one could be guessed.
const minAPIKey = 32
