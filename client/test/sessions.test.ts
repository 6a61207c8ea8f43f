import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Latchkey, Problem, type Session } from "../src/index.ts";
import { ada, Backend, bob, problem } from "./backend.ts";

const seen = { createdAt: "2026-03-01T12:00:00Z", lastSeenAt: "2026-03-02T12:00:00Z", deviceBound: false };
const laptop: Session = { ...seen, id: "laptop", current: true, device: "Firefox on Linux", ip: "192.0.2.1" };
const phone: Session = { ...seen, id: "phone/1", current: false, device: "Safari on iPhone" };
const tablet: Session = { ...seen, id: "tablet", current: false, device: "Chrome on Android" };

let backend: Backend;
let tab: Latchkey;
beforeEach(async () => {
  backend = new Backend();
  backend.sessions = [laptop, phone, tablet];
  tab = open(backend.fetch);
  await tab.login({ email: ada.id, password: "right" });
});
afterEach(() => tab.close());

function open(fetch: (request: Request) => Promise<Response>): Latchkey {
  return new Latchkey({ base: "http://store.localhost/api", fetch, sleep: async () => {}, channel: "test-sessions" });
}

const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;

/** Resolves when the page asks for a login. */
function asked(): Promise<void> {
  return new Promise((resolve) => tab.subscribe(() => tab.state.phase === "asking" && resolve()));
}

test("the list is what the backend says", async () => {
  assert.deepEqual(await tab.sessions(), [laptop, phone, tablet]);
});

test("one session is ended by its id, whatever is in it", async () => {
  await tab.endSession(phone.id);
  assert.deepEqual(backend.sessions, [laptop, tablet]);
  await assert.rejects(tab.endSession(phone.id), code("not_found"));
});

test("all others are ended, and this one stays", async () => {
  await tab.endOtherSessions();
  assert.deepEqual(backend.sessions, [laptop]);
});

test("a session that was ended from elsewhere asks for a login in place, says why, and goes on", async () => {
  backend.user = null;
  backend.endReason = "revoked_by_user";
  const asking = asked();
  const list = tab.sessions();
  await asking;
  assert.equal(tab.state.endReason, "revoked_by_user");
  assert.equal(tab.state.returning, true);
  await tab.login({ email: ada.id, password: "right" });
  assert.deepEqual(await list, [laptop, phone, tablet]);
});

test("what one user wanted to end is not asked for in another's name", async () => {
  backend.user = null;
  const asking = asked();
  const refused = assert.rejects(tab.endOtherSessions(), code("user_changed"));
  await asking;
  await tab.login({ email: bob.id, password: "right" });
  await refused;
  assert.equal(backend.sessions.length, 3);
});

test("503 is repeated, then said", async () => {
  backend.down = 2;
  await tab.endSession(tablet.id);
  assert.deepEqual(backend.sessions, [laptop, phone]);
  backend.down = 9;
  await assert.rejects(tab.sessions(), code("provider_unavailable"));
});

test("a list that is none is a clear error", async () => {
  for (const answer of ["[]", "{}", "null", '{"sessions":{}}', '{"sessions":[null]}', '{"sessions":[{"id":"x"}]}', "<h1>502</h1>",
    JSON.stringify({ sessions: [{ ...laptop, lastSeenAt: "yesterday" }] }), JSON.stringify({ sessions: [{ ...laptop, deviceBound: undefined }] })]) {
    const odd = open(async () => new Response(answer));
    await assert.rejects(odd.sessions(), code("unexpected"), answer);
    odd.close();
  }
  const absent = open(async () => problem(404, "not_found"));
  await assert.rejects(absent.sessions(), code("not_found"));
  absent.close();
});
