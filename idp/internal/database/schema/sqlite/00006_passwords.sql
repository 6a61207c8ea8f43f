-- +goose Up
ALTER TABLE tenants ADD COLUMN password_min_length INTEGER NOT NULL DEFAULT 0; -- 0: the server's
ALTER TABLE tenants ADD COLUMN password_max_length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN password_mixed_case INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN password_non_alpha INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN password_number INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE tenants DROP COLUMN password_min_length;
ALTER TABLE tenants DROP COLUMN password_max_length;
ALTER TABLE tenants DROP COLUMN password_mixed_case;
ALTER TABLE tenants DROP COLUMN password_non_alpha;
ALTER TABLE tenants DROP COLUMN password_number;
