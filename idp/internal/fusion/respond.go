package fusion

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
)

// Reply sends v as JSON. A body and its content type come together or not at all: FusionAuth's
// clients parse whatever claims to be JSON. It returns an error, and has sent nothing, if v cannot
// be written as JSON.
func Reply(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write answer as JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(body) // an error means that the client has gone
	return nil
}
