-- Instants are milliseconds since the epoch in UTC, 0 where there is none.
-- Durations are seconds. Lists and free-form fields are JSON.

-- +goose Up
CREATE TABLE tenants (
	id                  text PRIMARY KEY,
	name                text NOT NULL UNIQUE,
	is_default          boolean NOT NULL,
	unverified_behavior text NOT NULL,
	insert_instant      bigint NOT NULL,
	last_update_instant bigint NOT NULL
);
CREATE UNIQUE INDEX tenants_default ON tenants (is_default) WHERE is_default;

CREATE TABLE signing_keys (
	kid            text PRIMARY KEY,
	algorithm      text NOT NULL,
	sealed_private bytea NOT NULL, -- PKCS #8 under AES-256-GCM
	insert_instant bigint NOT NULL
);

CREATE TABLE api_keys (
	digest         bytea PRIMARY KEY, -- keyed; the key itself is not kept
	description    text NOT NULL,
	tenant_id      text REFERENCES tenants (id),
	endpoints      text NOT NULL,    -- {"/api/login": ["POST"]}; {} is everything
	insert_instant bigint NOT NULL
);

CREATE TABLE applications (
	id                          text PRIMARY KEY,
	tenant_id                   text NOT NULL REFERENCES tenants (id),
	name                        text NOT NULL,
	active                      boolean NOT NULL,
	client_secret_digest        bytea,          -- keyed; NULL: there is none
	client_authentication       text NOT NULL,
	generate_refresh_tokens     boolean NOT NULL,
	allow_token_refresh         boolean NOT NULL,
	enabled_grants              text NOT NULL,
	access_token_ttl            bigint NOT NULL,
	refresh_token_ttl           bigint NOT NULL,
	refresh_token_max_ttl       bigint NOT NULL,
	refresh_token_usage         text NOT NULL,
	refresh_token_expiration    text NOT NULL,
	on_one_time_token_reuse     boolean NOT NULL,
	insert_instant              bigint NOT NULL,
	last_update_instant         bigint NOT NULL
);

CREATE TABLE users (
	id                           text PRIMARY KEY,
	tenant_id                    text NOT NULL REFERENCES tenants (id),
	email                        text NOT NULL,
	email_key                    text,          -- normalised, NULL where there is no e-mail address
	username                     text NOT NULL,
	username_key                 text,
	password                     text NOT NULL, -- PHC string
	active                       boolean NOT NULL,
	verified                     boolean NOT NULL,
	expiry                       bigint NOT NULL,
	password_change_reason       text NOT NULL, -- empty: no change required
	profile                      text NOT NULL,
	insert_instant               bigint NOT NULL,
	last_update_instant          bigint NOT NULL,
	last_login_instant           bigint NOT NULL,
	password_last_update_instant bigint NOT NULL,
	UNIQUE (tenant_id, email_key),
	UNIQUE (tenant_id, username_key)
);

CREATE TABLE registrations (
	id                  text PRIMARY KEY,
	user_id             text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	application_id      text NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	roles               text NOT NULL,
	insert_instant      bigint NOT NULL,
	last_update_instant bigint NOT NULL,
	last_login_instant  bigint NOT NULL,
	UNIQUE (user_id, application_id)
);

-- One row for each login, whatever the number of tokens that followed from it.
CREATE TABLE refresh_tokens (
	id                    text PRIMARY KEY,
	tenant_id             text NOT NULL,
	application_id        text NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	user_id               text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	used                  bigint NOT NULL, -- the highest counter that was presented
	scopes                text NOT NULL,
	device_name           text NOT NULL,
	device_description    text NOT NULL,
	device_type           text NOT NULL,
	last_accessed_address text NOT NULL,
	last_accessed_instant bigint NOT NULL,
	insert_instant        bigint NOT NULL,
	start_instant         bigint NOT NULL,
	revoked_instant       bigint NOT NULL
);
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
