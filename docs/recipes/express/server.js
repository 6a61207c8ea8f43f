// An app behind the gateway, in Express. It trusts nothing but the signed header: see user.js.
import express from "express"

import { user } from "./user.js"

const { LATCHKEY_USER_KEY: key, ORIGIN: origin, PORT = "3000" } = process.env
if (!key || !origin) {
	console.error("set LATCHKEY_USER_KEY (user_key in latchkey.yaml) and ORIGIN (such as https://app.example.com)")
	process.exit(2)
}

const app = express()
app.disable("x-powered-by")

app.use("/api", (req, res, next) => {
	req.user = user(req.get("Latchkey-User"), key, origin)
	if (req.user) return next()
	res.status(401).json({ error: "login_required" })
})
app.get("/api/hello", (req, res) => {
	res.json({ hello: req.user.email, roles: req.user.roles ?? [] })
})

const server = app.listen(Number(PORT), "127.0.0.1", (error) => {
	if (error) throw error
	console.log(`listening on 127.0.0.1:${server.address().port}`)
})
process.on("SIGTERM", () => server.close())
