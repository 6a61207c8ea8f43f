import { createHmac, timingSafeEqual } from "node:crypto"

// user returns the claims of the header Latchkey-User, or null if it is not genuine, not for
// this origin, or too old.
export function user(header, key, origin) {
	try {
		const [head, body, signature, rest] = (header ?? "").split(".")
		const expected = createHmac("sha256", key).update(`${head}.${body}`).digest()
		const given = Buffer.from(signature ?? "", "base64url")
		if (rest !== undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) return null
		if (JSON.parse(Buffer.from(head, "base64url")).alg !== "HS256") return null
		const claims = JSON.parse(Buffer.from(body, "base64url"))
		return claims.iss === "latchkey" && claims.aud === origin && claims.exp > Date.now() / 1000 ? claims : null
	} catch {
		return null
	}
}
