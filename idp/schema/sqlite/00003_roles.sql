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

-- +goose Down
DROP TABLE application_roles;
