package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// A shopper is the only one who puts this product into the cart, so they know how many there must
// be.
type shopper struct {
	*browser
	product  string
	quantity int
}

const mostOfOne = 20

func (c *crash) newShopper(product string) *browser {
	s := &shopper{browser: c.newBrowser("store", "shopper-"+product), product: product}
	s.visit = s.shop
	return s.browser
}

// shop loads the page, in several requests at once, and mostly changes the cart meanwhile.
func (s *shopper) shop() {
	before, after, change := s.quantity, s.quantity, func() {}
	switch dice := rand.IntN(6); {
	case dice == 0:
		after, change = 0, func() { s.write("DELETE", "", 0) }
	case dice < 3:
		after = 1 + rand.IntN(mostOfOne)
		change = func() { s.write("PUT", fmt.Sprintf(`{"quantity":%d}`, after), after) }
	case dice < 5 && before < mostOfOne:
		after, change = before+1, func() { s.addOne(before) }
	}
	var page sync.WaitGroup
	page.Go(change)
	page.Go(func() { s.ask("GET", "/api/user", "", http.StatusOK) })
	page.Go(func() { s.look(before, after) })
	page.Wait()
	s.quantity = after
}

func (s *shopper) write(method, body string, after int) {
	s.check(s.ask(method, "/api/shopping-cart/"+s.product, body, http.StatusOK), after)
}

// addOne adds one. If there is no response, it reads the cart before it tries again, so as not to
// add two.
func (s *shopper) addOne(before int) {
	for !s.isOver() {
		a, answered := s.try("POST", "/api/shopping-cart/"+s.product, `{"quantity":1}`)
		if answered {
			if a.status != http.StatusOK {
				s.violated("%s: POST: got %d: %s", s.name, a.status, a.body)
			}
			s.check(a, before+1)
			return
		}
		if s.look(before, before+1) != before {
			return
		}
	}
}

// look loads the cart.
func (s *shopper) look(want ...int) int {
	return s.check(s.ask("GET", "/api/load-shopping-cart", "", http.StatusOK), want...)
}

// check fails unless the cart has one of the quantities, and returns which.
func (s *shopper) check(a answer, want ...int) (quantity int) {
	var cart struct {
		Items []struct {
			ProductID string
			Quantity  int
		}
	}
	if err := json.Unmarshal(a.body, &cart); err != nil {
		s.violated("%s: the cart: %v: %s", s.name, err, a.body)
	}
	for _, item := range cart.Items {
		if item.ProductID == s.product {
			quantity = item.Quantity
		}
	}
	if !slices.Contains(want, quantity) {
		s.violated("%s: %d in the cart, want one of %d", s.name, quantity, want)
	}
	return quantity
}
