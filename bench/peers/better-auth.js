// Better Auth on PostgreSQL, with its defaults: each request reads the session from the database,
// and its expiry moves once a day.
// With COOKIE_CACHE=1 a copy in a signed cookie is trusted for five minutes, even if the session
// has ended meanwhile.
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";
import pg from "pg";
import { serve, user } from "./serve.js";

const options = {
  database: new pg.Pool({ connectionString: process.env.POSTGRES_URL, max: 20 }),
  secret: "a secret of the benchmark, as long as one should be",
  baseURL: "http://127.0.0.1",
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  session: { cookieCache: { enabled: process.env.COOKIE_CACHE === "1", maxAge: 5 * 60 } },
};
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();
const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.post("/login", async (_, res) => {
  const body = { email: `${crypto.randomUUID()}@example.com`, password: "correct horse battery", name: "Ada Lovelace" };
  const answer = await auth.api.signUpEmail({ body, asResponse: true });
  for (const cookie of answer.headers.getSetCookie()) res.append("Set-Cookie", cookie);
  res.json(user);
});
app.all("/api/auth/*splat", toNodeHandler(auth));
app.get("/", async (req, res) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
  if (session) res.json({ email: session.user.email });
  else res.sendStatus(401);
});
serve(app);
