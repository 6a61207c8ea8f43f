package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/latchkey-dev/latchkey/internal/sqlite"
)

// maxQuantity is how many of one product a cart may hold. The schema has the same limit.
const maxQuantity = 20

// carts keeps one shopping cart for each user.
type carts struct {
	db  *sqlite.DB
	now func() time.Time
}

// A cart is what the browser sees. Prices are in whole cents.
type cart struct {
	Items      []cartItem `json:"items"`
	Count      int        `json:"count"`
	TotalCents int64      `json:"totalCents"`
}

type cartItem struct {
	ProductID  string `json:"productId"`
	Name       string `json:"name"`
	PriceCents int64  `json:"priceCents"`
	Quantity   int    `json:"quantity"`
	LineCents  int64  `json:"lineCents"`
}

// of returns a user's cart, in the order in which products were added. Products that are no longer
// sold are left out.
func (c *carts) of(ctx context.Context, user string) (cart, error) {
	rows, err := c.db.QueryContext(ctx, `SELECT product_id, quantity FROM cart_items WHERE user_id = ? ORDER BY added_at, product_id`, user)
	if err != nil {
		return cart{}, err
	}
	defer rows.Close()
	full := cart{Items: []cartItem{}}
	for rows.Next() {
		var item cartItem
		if err := rows.Scan(&item.ProductID, &item.Quantity); err != nil {
			return cart{}, err
		}
		if p, ok := findProduct(item.ProductID); ok {
			item.Name, item.PriceCents = p.Name, p.PriceCents
			full.put(item)
		}
	}
	return full, rows.Err()
}

func (c *cart) put(item cartItem) {
	item.LineCents = item.PriceCents * int64(item.Quantity)
	c.Items = append(c.Items, item)
	c.Count += item.Quantity
	c.TotalCents += item.LineCents
}

// add adds a number of a product to the cart, and reports whether the cart could hold them.
func (c *carts) add(ctx context.Context, user, product string, quantity int) (fits bool, err error) {
	err = c.db.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`INSERT INTO cart_items (user_id, product_id, quantity, added_at) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET quantity = quantity + ?3 WHERE quantity + ?3 <= ?5`,
			user, product, quantity, c.now().UnixMilli(), maxQuantity)
		if err != nil {
			return err
		}
		changed, err := done.RowsAffected()
		fits = changed > 0
		return err
	})
	return fits, err
}

// set sets the quantity of a product.
func (c *carts) set(ctx context.Context, user, product string, quantity int) error {
	return c.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO cart_items (user_id, product_id, quantity, added_at) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET quantity = ?3`, user, product, quantity, c.now().UnixMilli())
		return err
	})
}

// remove removes a product. It is no error if the product is not in the cart.
func (c *carts) remove(ctx context.Context, user, product string) error {
	return c.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM cart_items WHERE user_id = ? AND product_id = ?`, user, product)
		return err
	})
}
