-- +goose Up
ALTER TABLE tenants ADD COLUMN verify_email boolean NOT NULL DEFAULT FALSE;
ALTER TABLE tenants ADD COLUMN lock_action_id text NOT NULL DEFAULT ''; -- FusionAuth's userActionId; empty: no lockout
ALTER TABLE tenants ADD COLUMN lock_attempts bigint NOT NULL DEFAULT 5;
ALTER TABLE tenants ADD COLUMN lock_window bigint NOT NULL DEFAULT 60;
ALTER TABLE tenants ADD COLUMN lock_duration bigint NOT NULL DEFAULT 180;
ALTER TABLE applications ADD COLUMN page_url text NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN authenticator_id text NOT NULL DEFAULT ''; -- empty: there is none
ALTER TABLE users ADD COLUMN authenticator_secret bytea;                 -- sealed
ALTER TABLE users ADD COLUMN authenticator_step bigint NOT NULL DEFAULT 0; -- of the last code that was taken

CREATE TABLE recovery_codes (
	user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	digest  bytea NOT NULL, -- keyed
	PRIMARY KEY (user_id, digest)
);

-- Wrong passwords and codes, of users and of login ids that nobody has.
CREATE TABLE failures (
	subject        text PRIMARY KEY,
	failed         bigint NOT NULL,
	since_instant  bigint NOT NULL,
	locked_until   bigint NOT NULL,
	forget_instant bigint NOT NULL
);
CREATE INDEX failures_forget ON failures (forget_instant);

CREATE TABLE passkeys (
	id               text PRIMARY KEY,
	tenant_id        text NOT NULL REFERENCES tenants (id),
	user_id          text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	credential_id    text NOT NULL UNIQUE, -- base64url
	credential       text NOT NULL,
	relying_party_id text NOT NULL,
	display_name     text NOT NULL,
	user_agent       text NOT NULL,
	insert_instant   bigint NOT NULL,
	last_use_instant bigint NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- What a browser was asked to sign. Each is good once.
CREATE TABLE passkey_challenges (
	challenge      text PRIMARY KEY,
	purpose        text NOT NULL,
	user_id        text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	application_id text NOT NULL,
	display_name   text NOT NULL,
	user_agent     text NOT NULL,
	expiry         bigint NOT NULL
);
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
