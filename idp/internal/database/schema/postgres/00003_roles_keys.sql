-- +goose Up
-- The roles of an application. Where it has any, registrations have no others.
CREATE TABLE application_roles (
	id                  text PRIMARY KEY,
	application_id      text NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	name                text NOT NULL,
	description         text NOT NULL,
	is_default          boolean NOT NULL,
	is_super_role       boolean NOT NULL,
	insert_instant      bigint NOT NULL,
	last_update_instant bigint NOT NULL,
	UNIQUE (application_id, name)
);

ALTER TABLE api_keys ADD COLUMN id text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN name text NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN expiry bigint NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_update_instant bigint NOT NULL DEFAULT 0;
UPDATE api_keys SET last_update_instant = insert_instant,
	id = gen_random_uuid()::text;
CREATE UNIQUE INDEX api_keys_id ON api_keys (id);

-- +goose Down
DROP INDEX api_keys_id;
ALTER TABLE api_keys DROP COLUMN last_update_instant;
ALTER TABLE api_keys DROP COLUMN expiry;
ALTER TABLE api_keys DROP COLUMN name;
ALTER TABLE api_keys DROP COLUMN id;
DROP TABLE application_roles;
