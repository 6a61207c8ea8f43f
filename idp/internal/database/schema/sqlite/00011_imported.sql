-- +goose Up
ALTER TABLE users ADD COLUMN imported_instant INTEGER NOT NULL DEFAULT 0; -- 0: not by an import
UPDATE users SET imported_instant = password_last_update_instant WHERE substr(password, 1, 10) <> '$argon2id$'; -- by an import of before, and no login since

-- +goose Down
ALTER TABLE users DROP COLUMN imported_instant;
