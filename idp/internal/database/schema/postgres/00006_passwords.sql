-- +goose Up
ALTER TABLE tenants ADD COLUMN password_min_length bigint NOT NULL DEFAULT 0; -- 0: the server's
ALTER TABLE tenants ADD COLUMN password_max_length bigint NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN password_mixed_case boolean NOT NULL DEFAULT FALSE;
ALTER TABLE tenants ADD COLUMN password_non_alpha boolean NOT NULL DEFAULT FALSE;
ALTER TABLE tenants ADD COLUMN password_number boolean NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE tenants DROP COLUMN password_min_length;
ALTER TABLE tenants DROP COLUMN password_max_length;
ALTER TABLE tenants DROP COLUMN password_mixed_case;
ALTER TABLE tenants DROP COLUMN password_non_alpha;
ALTER TABLE tenants DROP COLUMN password_number;
