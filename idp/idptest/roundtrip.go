package idptest

import (
	"net/http"
	"net/http/httptest"
)

// roundTripper is a transport that calls a handler instead of a server.
type roundTripper struct{ handler http.Handler }

// RoundTrip answers the request by the handler, in the caller's goroutine. A
// handler that panics to abort the connection makes it fail, as a socket would.
func (rt roundTripper) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234" // TEST-NET-1, as httptest.NewRequest has it
	in.Host = r.Host
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			response, err = nil, http.ErrAbortHandler
		} else if p != nil {
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	rt.handler.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response = w.Result()
	response.Request = r
	return response, nil
}
