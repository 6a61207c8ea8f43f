package gateway

import (
	"io/fs"
	"os"
)

// Dir is a folder on disk as an App's Page. Unlike os.DirFS it follows no link out of the folder; and the folder is looked up anew each time, so that
// a deployment may put another in its place.
func Dir(path string) fs.FS { return folder(path) }

type folder string

var _ fs.StatFS = folder("")

func (f folder) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(name)
}

func (f folder) Stat(name string) (fs.FileInfo, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Stat(name)
}
