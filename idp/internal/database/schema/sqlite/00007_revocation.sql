-- +goose Up
ALTER TABLE tenants ADD COLUMN revoke_on_multi_factor INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE tenants DROP COLUMN revoke_on_multi_factor;
