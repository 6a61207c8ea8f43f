-- +goose Up
ALTER TABLE tenants ADD COLUMN verify_email INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN lock_action_id TEXT NOT NULL DEFAULT ''; -- FusionAuth's userActionId; empty: no lockout
ALTER TABLE tenants ADD COLUMN lock_attempts INTEGER NOT NULL DEFAULT 5;
ALTER TABLE tenants ADD COLUMN lock_window INTEGER NOT NULL DEFAULT 60;
ALTER TABLE tenants ADD COLUMN lock_duration INTEGER NOT NULL DEFAULT 180;
ALTER TABLE applications ADD COLUMN page_url TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN authenticator_id TEXT NOT NULL DEFAULT ''; -- empty: there is none
ALTER TABLE users ADD COLUMN authenticator_secret BLOB;                 -- sealed
ALTER TABLE users ADD COLUMN authenticator_step INTEGER NOT NULL DEFAULT 0; -- of the last code that was taken

CREATE TABLE recovery_codes (
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	digest  BLOB NOT NULL, -- keyed
	PRIMARY KEY (user_id, digest)
) STRICT;

-- Wrong passwords and codes, of users and of login ids that nobody has.
CREATE TABLE failures (
	subject        TEXT PRIMARY KEY,
	failed         INTEGER NOT NULL,
	since_instant  INTEGER NOT NULL,
	locked_until   INTEGER NOT NULL,
	forget_instant INTEGER NOT NULL
) STRICT;
CREATE INDEX failures_forget ON failures (forget_instant);

CREATE TABLE passkeys (
	id               TEXT PRIMARY KEY,
	tenant_id        TEXT NOT NULL REFERENCES tenants (id),
	user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	credential_id    TEXT NOT NULL UNIQUE, -- base64url
	credential       TEXT NOT NULL,
	relying_party_id TEXT NOT NULL,
	display_name     TEXT NOT NULL,
	user_agent       TEXT NOT NULL,
	insert_instant   INTEGER NOT NULL,
	last_use_instant INTEGER NOT NULL
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What a browser was asked to sign. Each is good once.
CREATE TABLE passkey_challenges (
	challenge      TEXT PRIMARY KEY,
	purpose        TEXT NOT NULL,
	user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	application_id TEXT NOT NULL,
	display_name   TEXT NOT NULL,
	user_agent     TEXT NOT NULL,
	expiry         INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expiry);

-- +goose Down
DROP TABLE passkey_challenges;
DROP TABLE passkeys;
DROP TABLE failures;
DROP TABLE recovery_codes;
ALTER TABLE users DROP COLUMN authenticator_step;
ALTER TABLE users DROP COLUMN authenticator_secret;
ALTER TABLE users DROP COLUMN authenticator_id;
ALTER TABLE applications DROP COLUMN page_url;
ALTER TABLE tenants DROP COLUMN lock_duration;
ALTER TABLE tenants DROP COLUMN lock_window;
ALTER TABLE tenants DROP COLUMN lock_attempts;
ALTER TABLE tenants DROP COLUMN lock_action_id;
ALTER TABLE tenants DROP COLUMN verify_email;
