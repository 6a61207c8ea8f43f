import type { Session, User } from "../src/index.ts";

export const ada: User = { id: "ada", fullName: "Ada Lovelace" };
export const bob: User = { id: "bob", fullName: "Bob Moore" };

/** A backend and one browser's cookie jar. It follows docs/http.md and records what it did. */
export class Backend {
  user: User | null = null;
  endReason: string | null = null;
  offline = false;
  /** While above zero, protected routes answer 503, as when the provider is down. */
  down = 0;
  retryAfter = "1";
  /** What all routes but login and logout answer first, in order. */
  readonly refusals: Response[] = [];
  readonly done: string[] = [];
  sessions: Session[] = [];
  asked = 0;

  readonly fetch = async (request: Request): Promise<Response> => {
    this.asked++;
    request.signal.throwIfAborted();
    if (this.offline) throw new TypeError("fetch failed");
    const body = await request.text();
    const route = `${request.method} ${new URL(request.url).pathname}`;
    const refusal = /log(in|out)$/.test(route) ? undefined : this.refusals.shift();
    if (refusal) return refusal;
    switch (route) {
      case "GET /api/user":
        return this.user ? Response.json({ user: this.user }) : problem(404, "not_logged_in", this.endReason);
      case "POST /api/login":
        return this.#login(JSON.parse(body) as { email: string; password: string });
      case "POST /api/passkey-login":
        this.user = ada;
        return Response.json({ user: ada });
      case "POST /api/logout":
        this.user = null;
        return new Response(null, { status: 204 });
    }
    if (this.down > 0) {
      this.down--;
      return problem(503, "provider_unavailable", null, this.retryAfter);
    }
    if (!this.user) return problem(401, "login_required", this.endReason);
    const path = new URL(request.url).pathname;
    if (path === "/api/sessions" || path.startsWith("/api/sessions/")) return this.#sessions(request.method, path.split("/")[3]);
    if (path === "/api/nothing") return new Response(null, { status: 204 });
    this.done.push(`${this.user.id} ${body}`);
    return Response.json({ for: this.user.id });
  };

  #sessions(method: string, id: string | undefined): Response {
    if (method === "GET") return Response.json({ sessions: this.sessions });
    const left = this.sessions.filter((session) => (id === undefined ? session.current : session.id !== decodeURIComponent(id)));
    if (id !== undefined && left.length === this.sessions.length) return problem(404, "not_found");
    this.sessions = left;
    return new Response(null, { status: 204 });
  }

  #login({ email, password }: { email: string; password: string }): Response {
    const user = [ada, bob].find((known) => known.id === email);
    if (!user || password !== "right") return problem(401, "invalid_credentials");
    this.user = user;
    return Response.json({ user });
  }
}

export function problem(status: number, code: string, endReason: string | null = null, retryAfter?: string): Response {
  const headers = new Headers({ "Content-Type": "application/problem+json" });
  if (retryAfter) headers.set("Retry-After", retryAfter);
  return new Response(JSON.stringify({ status, code, ...(endReason && { endReason }) }), { status, headers });
}
