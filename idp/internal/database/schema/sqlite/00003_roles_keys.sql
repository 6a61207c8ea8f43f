-- +goose Up
-- The roles of an application. Where it has any, registrations have no others.
CREATE TABLE application_roles (
	id                  TEXT PRIMARY KEY,
	application_id      TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	name                TEXT NOT NULL,
	description         TEXT NOT NULL,
	is_default          INTEGER NOT NULL,
	is_super_role       INTEGER NOT NULL,
	insert_instant      INTEGER NOT NULL,
	last_update_instant INTEGER NOT NULL,
	UNIQUE (application_id, name)
) STRICT;

ALTER TABLE api_keys ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN expiry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_update_instant INTEGER NOT NULL DEFAULT 0;
UPDATE api_keys SET last_update_instant = insert_instant,
	id = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));
CREATE UNIQUE INDEX api_keys_id ON api_keys (id);

-- +goose Down
DROP INDEX api_keys_id;
ALTER TABLE api_keys DROP COLUMN last_update_instant;
ALTER TABLE api_keys DROP COLUMN expiry;
ALTER TABLE api_keys DROP COLUMN name;
ALTER TABLE api_keys DROP COLUMN id;
DROP TABLE application_roles;
