package store

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

const maxBody = 8 << 10 // bytes

var (
	unknownProduct = wire.Problem{Status: http.StatusNotFound, Code: "unknown_product", Title: "We don't sell that."}
	quantityLimit  = wire.Problem{Status: http.StatusConflict, Code: "quantity_limit",
		Title: fmt.Sprintf("The cart can hold at most %d of one kind.", maxQuantity)}
	badQuantity = wire.BadRequest(fmt.Sprintf("quantity: must be from 1 to %d", maxQuantity))
)

type cartHandlers struct {
	carts
	log *slog.Logger
}

func (h *cartHandlers) load(w http.ResponseWriter, r *http.Request) { h.answer(w, r, nil) }

func (h *cartHandlers) add(w http.ResponseWriter, r *http.Request) {
	product, quantity, err := order(w, r)
	if err == nil {
		var fits bool
		if fits, err = h.carts.add(r.Context(), shopper(r), product, quantity); err == nil && !fits {
			err = quantityLimit
		}
	}
	h.answer(w, r, err)
}

func (h *cartHandlers) set(w http.ResponseWriter, r *http.Request) {
	product, quantity, err := order(w, r)
	if err == nil {
		err = h.carts.set(r.Context(), shopper(r), product, quantity)
	}
	h.answer(w, r, err)
}

// remove works for products that are no longer sold, too.
func (h *cartHandlers) remove(w http.ResponseWriter, r *http.Request) {
	h.answer(w, r, h.carts.remove(r.Context(), shopper(r), r.PathValue("productId")))
}

// shopper is the id of the logged-in user: these handlers are behind Guard.Protect.
func shopper(r *http.Request) string {
	session, _ := latchkey.From(r.Context())
	return session.User.ID
}

// order reads which product, and how many.
func order(w http.ResponseWriter, r *http.Request) (product string, quantity int, err error) {
	p, ok := findProduct(r.PathValue("productId"))
	if !ok {
		return "", 0, unknownProduct
	}
	if err := wire.Read(w, r, maxBody, wire.Fields{"quantity": &quantity}); err != nil {
		return "", 0, err
	}
	if quantity < 1 || quantity > maxQuantity {
		return "", 0, badQuantity
	}
	return p.ID, quantity, nil
}

// answer sends the current cart, or the error.
func (h *cartHandlers) answer(w http.ResponseWriter, r *http.Request, err error) {
	var full cart
	if err == nil {
		full, err = h.carts.of(r.Context(), shopper(r))
	}
	var p wire.Problem
	switch {
	case err == nil:
		wire.Write(w, http.StatusOK, full)
	case errors.As(err, &p):
		p.ServeHTTP(w, r)
	case r.Context().Err() != nil: // the browser has gone
	default:
		h.log.ErrorContext(r.Context(), "cart", "error", err)
		wire.Of(wire.CodeInternalError).ServeHTTP(w, r)
	}
}
