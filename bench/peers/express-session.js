// express-session with connect-redis: a rolling session, for a sliding expiry; only the time of an
// unchanged session is saved.
import express from "express";
import session from "express-session";
import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { serve, user } from "./serve.js";

const client = createClient({ url: process.env.REDIS_URL });
await client.connect();
const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.use(
  session({
    store: new RedisStore({ client }),
    secret: "a secret of the benchmark, as long as one should be",
    resave: false,
    saveUninitialized: false,
    rolling: true,
    cookie: { httpOnly: true, sameSite: "strict", maxAge: 30 * 60_000 },
  }),
);
app.post("/login", (req, res, next) =>
  req.session.regenerate((error) => {
    if (error) return next(error);
    req.session.user = user;
    res.json(user);
  }),
);
app.get("/", (req, res) => (req.session.user ? res.json({ email: req.session.user.email }) : res.sendStatus(401)));
serve(app);
