import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Latchkey, Problem, type Options, type Phase } from "../src/index.ts";
import { ada, Backend, bob, problem } from "./backend.ts";

const site = "http://store.localhost";
const open: Latchkey[] = [];
afterEach(() => open.splice(0).forEach((tab) => tab.close()));

let channels = 0;
/** Opens tabs of one browser; each test has a channel of its own. */
function browser(backend: Backend, options: Options = {}): () => Latchkey {
  const channel = `test-${channels++}`;
  return () => {
    const tab = new Latchkey({ base: site + "/api", fetch: backend.fetch, sleep: async () => {}, channel, ...options });
    open.push(tab);
    return tab;
  };
}

function phase(tab: Latchkey, wanted: Phase): Promise<void> {
  return new Promise((resolve) => {
    const stop = tab.subscribe(look);
    function look() {
      if (tab.state.phase === wanted) resolve(stop() as void);
    }
    look();
  });
}

const login = (email: string) => ({ email, password: "right" });
const act = (tab: Latchkey, what: string) => tab.json<{ for: string }>(site + "/api/act", { method: "POST", body: what });
const code = (wanted: string) => (error: unknown) => error instanceof Problem && error.code === wanted;

test("nobody is logged in, and why", async () => {
  const backend = new Backend();
  backend.endReason = "refresh_expired";
  const tab = browser(backend)();
  assert.deepEqual(await tab.check(), { phase: "out", user: null, returning: false, endReason: "refresh_expired", problem: null });
});

test("a slash at the end of the base path does not count", async () => {
  for (const [base, wanted] of [["/auth/", "/auth/login"], ["/", "/login"], ["", "/login"]] as const) {
    const paths: string[] = [];
    const fetch = async (request: Request) => {
      paths.push(new URL(request.url).pathname);
      return Response.json({ user: ada });
    };
    await browser(new Backend(), { base: site + base, fetch })().login(login("ada"));
    assert.deepEqual(paths, [wanted]);
  }
});

test("an unknown end reason is not believed", async () => {
  const backend = new Backend();
  backend.endReason = "<b>because</b>";
  assert.equal((await browser(backend)().check()).endReason, null);
});

test("requests that meet 401 together share one login, then all go on", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  const actions = ["a", "b", "c"].map((what) => act(tab, what));
  await phase(tab, "asking");
  await assert.rejects(tab.login({ email: "ada", password: "wrong" }), code("invalid_credentials"));
  assert.equal(tab.state.phase, "asking");
  await tab.login(login("ada"));
  await Promise.all(actions);
  assert.deepEqual(backend.done.sort(), ['ada "a"', 'ada "b"', 'ada "c"']);
});

test("another route that logs in lets requests go on as the login does", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  const action = act(tab, "a");
  await phase(tab, "asking");
  assert.deepEqual(await tab.loginBy("/passkey-login", {}), ada);
  await action;
  assert.deepEqual(backend.done, ['ada "a"']);
  assert.equal(await tab.json(site + "/api/nothing", { method: "POST", body: {} }), undefined);
});

test("what one user began is never sent for another", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  await tab.login(login("ada"));
  backend.user = null;
  const refused = assert.rejects(act(tab, "pay"), code("user_changed"));
  await phase(tab, "asking");
  assert.deepEqual(tab.state, { phase: "asking", user: null, returning: true, endReason: null, problem: null });
  await tab.login(login("bob"));
  await refused;
  assert.deepEqual(backend.done, []);
  assert.deepEqual(tab.state, { phase: "in", user: bob, returning: false, endReason: null, problem: null });
});

test("a 401 that a login has overtaken asks nobody again", async () => {
  const backend = new Backend();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let first = true;
  const fetch = async (request: Request) => {
    const late = first && request.url.endsWith("/act");
    if (late) first = false;
    const answer = await backend.fetch(request);
    if (late) await held;
    return answer;
  };
  const tab = browser(backend, { fetch })();
  const action = act(tab, "late");
  await tab.login(login("ada"));
  const phases: Phase[] = [];
  tab.subscribe(() => phases.push(tab.state.phase));
  release();
  await action;
  assert.deepEqual(phases, []);
  assert.deepEqual(backend.done, ['ada "late"']);
});

test("an answer that comes after logout is not shown", async () => {
  const backend = new Backend();
  const fetch = async (request: Request) => {
    const answer = await backend.fetch(request);
    if (request.url.endsWith("/act")) await tab.logout();
    return answer;
  };
  const tab: Latchkey = browser(backend, { fetch })();
  await tab.login(login("ada"));
  await assert.rejects(act(tab, "x"), code("outdated"));
});

test("closing the form fails what waited", async () => {
  const tab = browser(new Backend())();
  const action = assert.rejects(act(tab, "x"), code("declined"));
  await phase(tab, "asking");
  tab.decline();
  await action;
  assert.equal(tab.state.phase, "out");
});

test("503 provider_unavailable is repeated, a bounded number of times", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  await tab.login(login("ada"));
  backend.down = 2;
  await act(tab, "once");
  assert.deepEqual(backend.done, ['ada "once"']);
  backend.down = 9;
  await assert.rejects(act(tab, "never"), code("provider_unavailable"));
  assert.equal(backend.down, 6);
});

test("a long Retry-After is reported instead of waited for", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  backend.down = 1;
  backend.retryAfter = "120";
  await assert.rejects(act(tab, "x"), (error) => error instanceof Problem && error.retryAfter === 120);
});

test("a login while a request waits for the provider drops it for another user", async () => {
  const backend = new Backend();
  const tab: Latchkey = browser(backend, { sleep: async () => void (await tab.login(login("bob"))) })();
  await tab.login(login("ada"));
  backend.down = 1;
  await assert.rejects(act(tab, "pay"), code("user_changed"));
  assert.deepEqual(backend.done, []);
});

test("SES-20: logout forgets the user in every tab although the network is gone", async () => {
  const backend = new Backend();
  const tab = browser(backend);
  const [one, two] = [tab(), tab()];
  await one.login(login("ada"));
  await phase(two, "in");
  backend.offline = true;
  await assert.rejects(one.logout(), code("offline"));
  await phase(two, "out");
  for (const { state } of [one, two]) assert.deepEqual(state, { phase: "out", user: null, returning: false, endReason: "logout", problem: null });
});

test("a login in one tab lets the requests of another go on", async () => {
  const backend = new Backend();
  const tab = browser(backend);
  const [one, two] = [tab(), tab()];
  const action = act(two, "waits");
  await phase(two, "asking");
  await one.login(login("ada"));
  assert.deepEqual(await action, { for: "ada" });
  assert.equal(two.state.user?.id, "ada");
});

test("another user's login in one tab is noticed in the other", async () => {
  const backend = new Backend();
  const tab = browser(backend);
  const [one, two] = [tab(), tab()];
  await one.login(login("ada"));
  await phase(two, "in");
  const changed = new Promise<void>((resolve) => two.subscribe(() => two.state.user?.id === bob.id && resolve()));
  await one.login(login("bob"));
  await changed;
});

test("a session that ended unseen asks in place and keeps the page's owner", async () => {
  const backend = new Backend();
  const tab = browser(backend)();
  await tab.login(login("ada"));
  backend.user = null;
  backend.endReason = "password_changed";
  assert.deepEqual(await tab.check(), { phase: "asking", user: null, returning: true, endReason: "password_changed", problem: null });
  backend.user = ada;
  assert.equal((await tab.check()).phase, "in");
});

test("not knowing is not the same as nobody", async () => {
  const backend = new Backend();
  backend.offline = true;
  const tab = browser(backend)();
  assert.equal((await tab.check()).phase, "unreachable");
  assert.equal(tab.state.problem?.code, "offline");
  backend.offline = false;
  assert.equal((await tab.check()).phase, "out");
  await tab.login(login("ada"));
  backend.offline = true;
  assert.equal((await tab.check()).phase, "in");
});

test("no answer in time, and the caller's own abort", async () => {
  const never = async ({ signal }: Request) => {
    signal.throwIfAborted();
    return new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const alive = setInterval(() => {}, 1000); // AbortSignal.timeout alone lets node end
  const tab = browser(new Backend(), { fetch: never, timeout: 5 })();
  await assert.rejects(act(tab, "x"), code("timeout"));
  const abort = new AbortController();
  const call = browser(new Backend(), { fetch: never })().fetch(site + "/api/act", { signal: abort.signal });
  abort.abort();
  await assert.rejects(call, { name: "AbortError" });
  clearInterval(alive);
});

test("an answer that is neither JSON nor a problem is a clear error", async () => {
  const html = async () => new Response("<h1>502</h1>", { status: 502 });
  await assert.rejects(act(browser(new Backend(), { fetch: html })(), "x"), code("unexpected"));
  const empty = async () => new Response("");
  await assert.rejects(browser(new Backend(), { fetch: empty })().login(login("ada")), code("unexpected"));
  const broken = async () => new Response("{", { status: 401, headers: { "Content-Type": "application/problem+json" } });
  await assert.rejects(act(browser(new Backend(), { fetch: broken })(), "x"), code("unexpected"));
});

test("other 401s are the app's own business", async () => {
  const fetch = async () => problem(401, "invalid_credentials");
  await assert.rejects(act(browser(new Backend(), { fetch })(), "x"), code("invalid_credentials"));
});
