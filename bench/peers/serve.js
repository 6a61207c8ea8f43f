// Starts the handler of a peer on a free port of 127.0.0.1 and prints its URL. POST /login logs in;
// GET / answers with the user, or 401.
import http from "node:http";

export function serve(handler) {
  const server = http.createServer(handler);
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}`));
}

export const user = { id: "8d6f2a52-6a3c-4c2e-9d2f-6f0b8f0f4c11", email: "ada@example.com", firstName: "Ada", lastName: "Lovelace", roles: ["reader"] };
