package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// TestShopping: a person looks around, puts something into the cart, logs in when asked, changes
// the cart, and finds it again.
func TestShopping(t *testing.T) {
	t.Parallel()
	w, b := newWorld(t), newBrowser(t)
	s := w.store
	p := b.open(s.origin)
	p.see("product-kettle")
	p.see("product-seeds")
	p.seeNo("login-form")
	s.wantCalls()

	p.click("add-kettle")
	p.see("login-form")
	p.logIn(w.user.Email, idptest.Password)
	p.click("cart-open")
	p.wantCart("kettle", "1", "€54.00")

	p.fill("qty-kettle", "3")
	p.press(kb.Enter + kb.Tab)
	p.wantCart("kettle", "3", "€162.00")
	p.click("add-planter")
	p.wantCart("planter", "1", "€190.00")
	p.click("remove-kettle")
	p.seeNo("cart-item-kettle")
	p.wantCart("planter", "1", "€28.00")

	p.reload()
	p.see("user-name")
	p.click("cart-open")
	p.wantCart("planter", "1", "€28.00")
	p.seeNo("cart-item-kettle")
	p.click("remove-planter")
	p.see("cart-empty")
}

// wantCart waits until the open cart shows the quantity of a product and the total, and the server
// agrees.
func (p *tab) wantCart(product, quantity, total string) {
	p.Helper()
	p.see("cart-item-" + product)
	p.until(quantity+" "+product+", together "+total, `
		document.querySelector('[data-testid="qty-`+product+`"]').value === "`+quantity+`" &&
		document.querySelector('[data-testid="cart-total"]').innerText === "`+total+`" &&
		!document.querySelector('[data-saving="true"]')`)
}
