package forums

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

const maxBody = 32 << 10 // bytes: the longest post, escaped

var unknownThread = wire.Problem{Status: http.StatusNotFound, Code: "unknown_thread", Title: "This thread does not exist."}

type boardHandlers struct {
	board
	log *slog.Logger
}

func (h *boardHandlers) load(w http.ResponseWriter, r *http.Request) {
	threads, err := h.newest(r.Context(), reader(r).id)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	wire.Write(w, http.StatusOK, map[string]any{"threads": threads, "maxTitle": maxTitle, "maxPost": maxPost})
}

func (h *boardHandlers) start(w http.ResponseWriter, r *http.Request) {
	var title, body string
	err := wire.Read(w, r, maxBody, wire.Fields{"title": &title, "body": &body})
	if err == nil {
		title, err = cleanTitle(title)
	}
	if err == nil {
		body, err = cleanPost(body)
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	id, err := h.board.start(r.Context(), title, written(r, body))
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	wire.Write(w, http.StatusCreated, map[string]int64{"id": id})
}

func (h *boardHandlers) reply(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		unknownThread.ServeHTTP(w, r)
		return
	}
	var body string
	if err = wire.Read(w, r, maxBody, wire.Fields{"body": &body}); err == nil {
		body, err = cleanPost(body)
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	found, err := h.board.reply(r.Context(), id, written(r, body))
	switch {
	case err != nil:
		h.refuse(w, r, err)
	case !found:
		unknownThread.ServeHTTP(w, r)
	default:
		wire.Write(w, http.StatusCreated, map[string]int64{"id": id})
	}
}

func written(r *http.Request, body string) entry {
	who := reader(r)
	return entry{userID: who.id, author: who.name, body: body}
}

func (h *boardHandlers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p wire.Problem
	switch {
	case errors.As(err, &p):
		p.ServeHTTP(w, r)
	case r.Context().Err() != nil: // the browser has gone
	default:
		h.log.ErrorContext(r.Context(), "board", "error", err)
		wire.Of(wire.CodeInternalError).ServeHTTP(w, r)
	}
}
