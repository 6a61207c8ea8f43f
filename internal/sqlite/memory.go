package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"io/fs"
	"sync"
)

// Databases in memory are made again and again: each test of a program with a login opens one. The
// first is migrated, and the others begin as copies of it.

// migrated has a copy of a migrated database, still empty, for each schema.
var migrated sync.Map // of []byte, by a schema

// A schema is the digest of a kind and its migrations.
type schema [sha256.Size]byte

func schemaOf(kind Kind, migrations fs.FS) (s schema, err error) {
	hash := sha256.New()
	_ = binary.Write(hash, binary.BigEndian, kind)
	err = fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		named := sha256.Sum256([]byte(path))
		content := sha256.Sum256(text)
		hash.Write(named[:])
		hash.Write(content[:])
		return err
	})
	return schema(hash.Sum(nil)), err
}

// migrateMemory is migrate for a new database in memory.
func migrateMemory(ctx context.Context, db *sql.DB, kind Kind, migrations fs.FS) error {
	s, err := schemaOf(kind, migrations)
	if err != nil {
		return err
	}
	if image, known := migrated.Load(s); known {
		return onConnection(ctx, db, func(c copier) error { return c.Deserialize(image.([]byte)) })
	}
	if err := migrate(ctx, db, kind, migrations); err != nil {
		return err
	}
	return onConnection(ctx, db, func(c copier) error {
		image, err := c.Serialize()
		if err == nil {
			migrated.Store(s, image)
		}
		return err
	})
}

// A copier is a connection of the driver. SQLite copies what Deserialize gets.
type copier interface {
	Serialize() ([]byte, error)
	Deserialize(image []byte) error
}

func onConnection(ctx context.Context, db *sql.DB, do func(copier) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error { return do(driver.(copier)) })
}
