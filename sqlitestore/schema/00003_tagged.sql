-- The schema stays as it is. From here on body may have records of version 2: an older program cannot read them, and must not open the file.

-- +goose Up
SELECT 1;

-- +goose Down
SELECT 1;
