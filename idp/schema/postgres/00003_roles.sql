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

-- +goose Down
DROP TABLE application_roles;
