package latchkey

import "github.com/latchkey-dev/latchkey/internal/packed"

// NewerRecord returns the record as another program would store it that knows the fields, too.
func (g *Guard) NewerRecord(rec *Record, fields string) *Record {
	records := g.ledger.store.records
	return records.sign(rec.with(extra{unknown: packed.Unknown(fields)}))
}

// NewerCookie is NewerRecord for a refresh cookie.
func (g *Guard) NewerCookie(cookie, fields string) string {
	c, _ := g.cookies.refresh.Parse(cookie)
	c.Unknown = packed.Unknown(fields)
	return g.cookies.refresh.Format(c)
}

// UnknownInRecord returns the fields of a record that this program does not know.
func UnknownInRecord(rec *Record) string { return string(rec.extras().unknown) }

// UnknownInCookie is UnknownInRecord for a refresh cookie.
func (g *Guard) UnknownInCookie(cookie string) string {
	c, _ := g.cookies.refresh.Parse(cookie)
	return string(c.Unknown)
}
