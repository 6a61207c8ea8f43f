import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Latchkey, Problem, whyAsked, words, type Options, type Phase } from "../src/index.ts";
import { ada, Backend, problem } from "./backend.ts";

// A session that is bound to its device, and a browser that cannot prove at once, or ever, that it
// is its own.

const unproven = () => problem(401, "device_proof_required");
const delayed = (seconds: string) => problem(503, "device_proof_delayed", null, seconds);
const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;
const credentials = { email: ada.id, password: "right" };

let backend: Backend;
let tab: Latchkey;
let waits: number[];
let phases: Phase[];
beforeEach(async () => {
  backend = new Backend();
  tab = open();
  await tab.login(credentials);
  waits = [];
  phases = [];
  tab.subscribe(() => phases.push(tab.state.phase));
});
afterEach(() => tab.close());

function open(options: Options = {}): Latchkey {
  const sleep = async (milliseconds: number) => void waits.push(milliseconds);
  return new Latchkey({ base: "http://store.localhost/api", fetch: backend.fetch, sleep, channel: "test-proof", ...options });
}

/** A new page of the same browser, which knows nobody yet. */
function reload(options: Options = {}): void {
  tab.close();
  tab = open(options);
  tab.subscribe(() => phases.push(tab.state.phase));
}

const act = (init: RequestInit = { body: "pay" }) => tab.fetch("http://store.localhost/api/act", { method: "POST", ...init });

/** Resolves when the page asks for a login. */
function asked(): Promise<void> {
  return new Promise((resolve) => tab.subscribe(() => tab.state.phase === "asking" && resolve()));
}

test("a proof that comes with the second try is waited for, and nobody sees a form", async () => {
  backend.refusals.push(unproven());
  assert.equal((await act()).status, 200);
  assert.deepEqual(backend.done, ["ada pay"]);
  assert.deepEqual(waits, [1000]);
  assert.deepEqual(phases, []);
});

test("a stream is sent again whole", async () => {
  backend.refusals.push(unproven());
  const body = new Blob(["one, ", "two, ", "three"]).stream();
  assert.equal((await act({ body, duplex: "half" } as RequestInit)).status, 200);
  assert.deepEqual(backend.done, ["ada one, two, three"]);
});

test("a proof that does not come asks for a login, says why, and goes on after it", async () => {
  backend.refusals.push(unproven(), unproven());
  const asking = asked();
  const acting = act();
  await asking;
  assert.deepEqual(waits, [1000]);
  assert.equal(tab.state.returning, true);
  assert.equal(tab.state.problem?.code, "device_proof_required");
  assert.match(whyAsked(tab.state) ?? "", /prove/);
  await tab.login(credentials);
  assert.equal((await acting).status, 200);
  assert.deepEqual(backend.done, ["ada pay"]);
  assert.equal(tab.state.problem, null);
  assert.deepEqual(phases, ["asking", "in"]);
});

test("twenty requests that meet a missing proof at once share one form, and each is done once", async () => {
  for (let n = 0; n < 40; n++) backend.refusals.push(unproven());
  const asking = asked();
  const acting = Array.from({ length: 20 }, (_, n) => act({ body: `pay ${n}` }));
  await asking;
  while (backend.refusals.length > 0) await new Promise((resolve) => setImmediate(resolve));
  await tab.login(credentials);
  assert.deepEqual((await Promise.all(acting)).map(({ status }) => status), Array(20).fill(200));
  assert.deepEqual(new Set(backend.done).size, 20);
  assert.equal(backend.done.length, 20);
  assert.deepEqual([...new Set(phases)], ["asking", "in"]);
});

test("a proof that comes for some of many requests leaves no form open", async () => {
  backend.refusals.push(unproven(), unproven(), unproven());
  const acting = [act({ body: "one" }), act({ body: "two" }), act({ body: "three" })];
  assert.deepEqual((await Promise.all(acting)).map(({ status }) => status), [200, 200, 200]);
  assert.deepEqual(phases, []);
});

test("a page that is offline at its second try says so, and asks for no login", async () => {
  reload({ sleep: async () => void (backend.offline = true) });
  await tab.check();
  phases.length = 0;
  backend.refusals.push(unproven());
  await assert.rejects(act(), code("offline"));
  assert.deepEqual(phases, []);
  backend.offline = false;
  assert.equal((await act()).status, 200);
});

test("a form that a missing proof has opened can be closed", async () => {
  backend.refusals.push(unproven(), unproven());
  const asking = asked();
  const declined = assert.rejects(act(), code("declined"));
  await asking;
  tab.decline();
  await declined;
  assert.deepEqual(tab.state, { phase: "out", user: null, returning: false, endReason: null, problem: null });
});

test("the next answer that is no missing proof says why by itself", async () => {
  backend.refusals.push(unproven(), unproven());
  const asking = asked();
  const first = act();
  await asking;
  backend.user = null;
  backend.endReason = "revoked_by_admin";
  const again = asked();
  const second = act();
  await again;
  assert.equal(tab.state.problem, null);
  assert.match(whyAsked(tab.state) ?? "", /administrator/);
  await tab.login(credentials);
  await Promise.all([first, second]);
});

test("a page that opens waits for the proof before it says who is there", async () => {
  reload();
  backend.refusals.push(unproven());
  assert.deepEqual((await tab.check()).user, ada);
  assert.deepEqual(waits, [1000]);
  assert.deepEqual(phases, ["in"]);
});

test("a page that opens without a proof has nobody, and says why", async () => {
  reload();
  backend.refusals.push(unproven(), unproven());
  const state = await tab.check();
  assert.equal(state.phase, "out");
  assert.match(whyAsked(state) ?? "", /prove/);
});

test("a page that has lost its proof asks in place at its next look", async () => {
  backend.refusals.push(unproven(), unproven());
  const state = await tab.check();
  assert.deepEqual([state.phase, state.returning, state.problem?.code], ["asking", true, "device_proof_required"]);
});

test("a logout while a proof is waited for drops the request", async () => {
  let asked = 0;
  reload({
    sleep: async () => {
      await tab.logout();
      asked = backend.asked;
    },
  });
  await tab.check();
  backend.refusals.push(unproven());
  await assert.rejects(act(), code("logged_out"));
  assert.equal(backend.asked, asked);
});

test("the caller's abort ends the wait for a proof", async () => {
  const abort = new AbortController();
  reload({
    sleep: async (_, signal) => {
      abort.abort();
      assert.ok(signal.aborted);
      signal.throwIfAborted();
    },
  });
  backend.refusals.push(unproven());
  await assert.rejects(act({ body: "pay", signal: abort.signal }), { name: "AbortError" });
  assert.deepEqual(backend.done, []);
});

test("a proof that the browser delays is waited for, if that is not for long", async () => {
  backend.refusals.push(delayed("2"));
  assert.equal((await act()).status, 200);
  assert.deepEqual(waits, [2000]);
  backend.refusals.push(delayed("30"));
  const { status, headers } = await act();
  assert.deepEqual([status, headers.get("Retry-After")], [503, "30"]);
  assert.deepEqual(waits, [2000]);
  assert.deepEqual(phases, []);
});

test("a page that opens while the browser delays its proof says so", async () => {
  reload();
  backend.refusals.push(delayed("30"));
  const { phase, problem: why } = await tab.check();
  assert.equal(phase, "unreachable");
  assert.match(words(why!), /prove.* in 30 seconds/);
  assert.equal((await tab.check()).phase, "in");
});

test("another refusal of the second try is the app's own business", async () => {
  backend.refusals.push(unproven(), problem(401, "invalid_code"), unproven());
  assert.equal((await act()).status, 401);
  assert.equal(backend.refusals.length, 1);
});

test("why a login is asked for", () => {
  const state = { phase: "out", user: null, returning: false, endReason: null, problem: null } as const;
  assert.equal(whyAsked(state), null);
  assert.equal(whyAsked({ ...state, phase: "asking", returning: true }), "Your session has ended.");
  assert.match(whyAsked({ ...state, endReason: "device_not_bound" }) ?? "", /Chrome 146/);
});
