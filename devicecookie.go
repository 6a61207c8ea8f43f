package latchkey

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// The device cookie says that this browser has logged in to one account before. It grants nothing but a lane of its own for login attempts, and
// outlives a logout. In base64url: version (1 byte), key id (4), a random name of the browser (16), HMAC-SHA-256 (32) over these and the account.
// The account itself is not in it.
const (
	deviceCookieName    = "__Host-device"
	deviceCookieVersion = 1
	deviceCookieSize    = 1 + 4 + 16 + sha256.Size
)

type deviceMAC struct {
	ring      KeyRing
	app, host string
}

// account is the name of a login id in the cookie: the same for spellings that differ in case only. It is never that of two accounts, or whoever owns one of them could
// have lanes of his own at the other.
func (d *deviceMAC) account(loginID string) string {
	sum := sha256.Sum256([]byte(d.app + "\x00" + sameCase(loginID)))
	return string(sum[:16])
}

func (d *deviceMAC) make(account, device string) string {
	key := d.ring[0]
	raw := append([]byte{deviceCookieVersion}, binary.BigEndian.AppendUint32(nil, key.id)...)
	if device == "" {
		var fresh [16]byte
		rand.Read(fresh[:])
		device = string(fresh[:])
	}
	raw = append(raw, device...)
	return cookieEncoding.EncodeToString(append(raw, d.mac(key, raw, account)...))
}

// verify returns the browser's name if the cookie was made for this account.
func (d *deviceMAC) verify(value, account string) (device string, ok bool) {
	if len(value) != cookieEncoding.EncodedLen(deviceCookieSize) {
		return "", false
	}
	raw, err := cookieEncoding.DecodeString(value)
	if err != nil || len(raw) != deviceCookieSize || raw[0] != deviceCookieVersion {
		return "", false
	}
	key, known := d.ring.find(binary.BigEndian.Uint32(raw[1:]))
	message, mac := raw[:deviceCookieSize-sha256.Size], raw[deviceCookieSize-sha256.Size:]
	if !known || !hmac.Equal(d.mac(key, message, account), mac) {
		return "", false
	}
	return string(message[5:]), true
}

func (d *deviceMAC) mac(key Key, message []byte, account string) []byte {
	h := hmac.New(sha256.New, key.derive("device cookie", sha256.Size, d.app, d.host, deviceCookieName))
	h.Write(message)
	h.Write([]byte(account))
	return h.Sum(nil)
}
