-- +goose Up
-- Keys that an administration made or brought, beside those that the provider makes for itself (signing_keys).
CREATE TABLE keys (
	id                  text PRIMARY KEY,
	kid                 text NOT NULL UNIQUE,
	name                text NOT NULL UNIQUE,
	algorithm           text NOT NULL,
	sealed_private      bytea NOT NULL, -- PKCS #8, or the secret of an HMAC key, under AES-256-GCM
	insert_instant      bigint NOT NULL,
	last_update_instant bigint NOT NULL
);
ALTER TABLE applications ADD COLUMN access_token_key_id text REFERENCES keys (id); -- NULL: the provider's own

-- +goose Down
ALTER TABLE applications DROP COLUMN access_token_key_id;
DROP TABLE keys;
