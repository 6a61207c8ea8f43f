-- Instants are milliseconds since the epoch in UTC, 0 where there is none.
-- Durations are seconds. Lists and free-form fields are JSON.

-- +goose Up
CREATE TABLE tenants (
	id                  TEXT PRIMARY KEY,
	name                TEXT NOT NULL UNIQUE,
	is_default          INTEGER NOT NULL,
	unverified_behavior TEXT NOT NULL,
	insert_instant      INTEGER NOT NULL,
	last_update_instant INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tenants_default ON tenants (is_default) WHERE is_default = 1;

CREATE TABLE signing_keys (
	kid            TEXT PRIMARY KEY,
	algorithm      TEXT NOT NULL,
	sealed_private BLOB NOT NULL, -- PKCS #8 under AES-256-GCM
	insert_instant INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
	digest         BLOB PRIMARY KEY, -- keyed; the key itself is not kept
	description    TEXT NOT NULL,
	tenant_id      TEXT REFERENCES tenants (id),
	endpoints      TEXT NOT NULL,    -- {"/api/login": ["POST"]}; {} is everything
	insert_instant INTEGER NOT NULL
) STRICT;

CREATE TABLE applications (
	id                          TEXT PRIMARY KEY,
	tenant_id                   TEXT NOT NULL REFERENCES tenants (id),
	name                        TEXT NOT NULL,
	active                      INTEGER NOT NULL,
	client_secret_digest        BLOB,          -- keyed; NULL: there is none
	client_authentication       TEXT NOT NULL,
	generate_refresh_tokens     INTEGER NOT NULL,
	allow_token_refresh         INTEGER NOT NULL,
	enabled_grants              TEXT NOT NULL,
	access_token_ttl            INTEGER NOT NULL,
	refresh_token_ttl           INTEGER NOT NULL,
	refresh_token_max_ttl       INTEGER NOT NULL,
	refresh_token_usage         TEXT NOT NULL,
	refresh_token_expiration    TEXT NOT NULL,
	on_one_time_token_reuse     INTEGER NOT NULL,
	insert_instant              INTEGER NOT NULL,
	last_update_instant         INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
	id                           TEXT PRIMARY KEY,
	tenant_id                    TEXT NOT NULL REFERENCES tenants (id),
	email                        TEXT NOT NULL,
	email_key                    TEXT,          -- normalised, NULL where there is no e-mail address
	username                     TEXT NOT NULL,
	username_key                 TEXT,
	password                     TEXT NOT NULL, -- PHC string
	active                       INTEGER NOT NULL,
	verified                     INTEGER NOT NULL,
	expiry                       INTEGER NOT NULL,
	password_change_reason       TEXT NOT NULL, -- empty: no change required
	profile                      TEXT NOT NULL,
	insert_instant               INTEGER NOT NULL,
	last_update_instant          INTEGER NOT NULL,
	last_login_instant           INTEGER NOT NULL,
	password_last_update_instant INTEGER NOT NULL,
	UNIQUE (tenant_id, email_key),
	UNIQUE (tenant_id, username_key)
) STRICT;

CREATE TABLE registrations (
	id                  TEXT PRIMARY KEY,
	user_id             TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	application_id      TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	roles               TEXT NOT NULL,
	insert_instant      INTEGER NOT NULL,
	last_update_instant INTEGER NOT NULL,
	last_login_instant  INTEGER NOT NULL,
	UNIQUE (user_id, application_id)
) STRICT;

-- One row for each login, whatever the number of tokens that followed from it.
CREATE TABLE refresh_tokens (
	id                    TEXT PRIMARY KEY,
	tenant_id             TEXT NOT NULL,
	application_id        TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	user_id               TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	used                  INTEGER NOT NULL, -- the highest counter that was presented
	scopes                TEXT NOT NULL,
	device_name           TEXT NOT NULL,
	device_description    TEXT NOT NULL,
	device_type           TEXT NOT NULL,
	last_accessed_address TEXT NOT NULL,
	last_accessed_instant INTEGER NOT NULL,
	insert_instant        INTEGER NOT NULL,
	start_instant         INTEGER NOT NULL,
	revoked_instant       INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, application_id);
CREATE INDEX refresh_tokens_application ON refresh_tokens (application_id);

-- +goose Down
DROP TABLE refresh_tokens;
DROP TABLE registrations;
DROP TABLE users;
DROP TABLE applications;
DROP TABLE api_keys;
DROP TABLE signing_keys;
DROP TABLE tenants;
