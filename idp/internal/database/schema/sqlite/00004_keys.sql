-- +goose Up
-- Keys that an administration made or brought, beside those that the provider makes for itself (signing_keys).
CREATE TABLE keys (
	id                  TEXT PRIMARY KEY,
	kid                 TEXT NOT NULL UNIQUE,
	name                TEXT NOT NULL UNIQUE,
	algorithm           TEXT NOT NULL,
	sealed_private      BLOB NOT NULL, -- PKCS #8, or the secret of an HMAC key, under AES-256-GCM
	insert_instant      INTEGER NOT NULL,
	last_update_instant INTEGER NOT NULL
) STRICT;
ALTER TABLE applications ADD COLUMN access_token_key_id TEXT REFERENCES keys (id); -- NULL: the provider's own

-- +goose Down
ALTER TABLE applications DROP COLUMN access_token_key_id;
DROP TABLE keys;
