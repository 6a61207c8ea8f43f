// iron-session: the session is in the cookie, encrypted, and saved at each request for a sliding
// expiry. It has no server side, so it cannot be ended before it expires.
import { getIronSession } from "iron-session";
import { serve, user } from "./serve.js";

const options = { cookieName: "session", password: "a password of the benchmark, as long as one should be", ttl: 30 * 60, cookieOptions: { secure: false } };

serve(async (req, res) => {
  const session = await getIronSession(req, res, options);
  if (req.method === "POST") session.user = user;
  if (!session.user) {
    res.writeHead(401).end();
    return;
  }
  await session.save();
  const body = JSON.stringify({ email: session.user.email });
  res.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);
});
