// Node.js and Express with a handler that only reads a cookie: the baseline.
import express from "express";
import { serve, user } from "./serve.js";

const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.post("/login", (_, res) => res.cookie("session", "0123456789abcdef", { httpOnly: true, path: "/" }).json(user));
app.get("/", (req, res) => (req.headers.cookie?.includes("session=") ? res.json({ email: user.email }) : res.sendStatus(401)));
serve(app);
