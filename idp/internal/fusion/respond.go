package fusion

import (
	"net/http"

	"github.com/go-json-experiment/json"
)

// Reply sends v as JSON. A body and its content type come together or not at all: FusionAuth's
// clients parse whatever claims to be JSON.
func Reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		// All bodies are our own structs of strings, numbers and checked JSON.
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(body) // an error means that the client has gone
}
