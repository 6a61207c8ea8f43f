package gateway

import "github.com/latchkey-dev/latchkey/internal/wire"

// The refusals of the gateway itself. They reveal nothing about the request or the app.
var (
	badRequest          = wire.BadRequest("ambiguous request")
	crossOrigin         = wire.Of(wire.CodeCrossOrigin)
	notFound            = wire.Of(wire.CodeNotFound)
	methodNotAllowed    = wire.Of(wire.CodeMethodNotAllowed)
	requestTimeout      = wire.Of(wire.CodeRequestTimeout)
	tooLarge            = wire.Of(wire.CodePayloadTooLarge)
	misdirected         = wire.Of(wire.CodeMisdirectedRequest)
	headersTooLarge     = wire.Of(wire.CodeHeadersTooLarge)
	methodUnknown       = wire.Of(wire.CodeMethodUnknown)
	upstreamUnavailable = wire.Of(wire.CodeUpstreamUnavailable)
	upstreamTimeout     = wire.Of(wire.CodeUpstreamTimeout)
	versionUnknown      = wire.Of(wire.CodeVersionNotSupported)
)
