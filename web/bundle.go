package main

import (
	"errors"

	"github.com/evanw/esbuild/pkg/api"
)

// bundle makes one small file of an entry point and everything that it imports. Paths are relative
// to root, which does not appear in the output. The metafile that it returns lists the input files.
func bundle(root, entry, out string, format api.Format) (metafile string, err error) {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     root,
		EntryPoints:       []string{entry},
		Outfile:           out,
		Bundle:            true,
		Write:             true,
		Metafile:          true,
		Format:            format,
		Platform:          api.PlatformBrowser,
		Engines:           browsers,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		Loader:            map[string]api.Loader{".svg": api.LoaderDataURL}, // an icon in the page works without a network
		LegalComments:     api.LegalCommentsNone,                            // licenses.txt has it all
		TsconfigRaw:       "{}",                                             // tsconfig.json is for the type check only
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return "", errors.New(result.Errors[0].Text)
	}
	return result.Metafile, nil
}

// browsers are the oldest that the pages are made for: those with everything the client uses
// (AbortSignal.any).
var browsers = []api.Engine{
	{Name: api.EngineChrome, Version: "116"},
	{Name: api.EngineFirefox, Version: "124"},
	{Name: api.EngineSafari, Version: "17.4"},
}
