-- +goose Up
ALTER TABLE tenants ADD COLUMN revoke_on_multi_factor boolean NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE tenants DROP COLUMN revoke_on_multi_factor;
