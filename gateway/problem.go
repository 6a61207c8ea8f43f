package gateway

import "github.com/latchkey-dev/latchkey/internal/wire"

// The refusals of the gateway itself. They say nothing about the request or the app behind.
var (
	badRequest          = wire.BadRequest("the request can be read in more than one way")
	crossOrigin         = wire.Of(wire.CodeCrossOrigin)
	notFound            = wire.Of(wire.CodeNotFound)
	methodNotAllowed    = wire.Of(wire.CodeMethodNotAllowed)
	requestTimeout      = wire.Of(wire.CodeRequestTimeout)
	tooLarge            = wire.Of(wire.CodePayloadTooLarge)
	misdirected         = wire.Of(wire.CodeMisdirectedRequest)
	headersTooLarge     = wire.Of(wire.CodeHeadersTooLarge)
	methodUnknown       = wire.Of(wire.CodeMethodUnknown)
	upstreamUnavailable = wire.Of(wire.CodeUpstreamUnavailable)
	tokenUnavailable    = wire.Of(wire.CodeProviderUnavailable)
	upstreamTimeout     = wire.Of(wire.CodeUpstreamTimeout)
	versionUnknown      = wire.Of(wire.CodeVersionNotSupported)
)
