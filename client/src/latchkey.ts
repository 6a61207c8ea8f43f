import { Deferred } from "./deferred.ts";
import { Problem, type EndReason } from "./problem.ts";
import { sessionsOf, type Session } from "./sessions.ts";
import type { Credentials, Options, Phase, State, User } from "./state.ts";
import { Tabs, type News } from "./tabs.ts";
import { Transport } from "./transport.ts";
import { onVisible } from "./visible.ts";

/** The login in one browser tab, kept in step with the other tabs of the app. */
export class Latchkey {
  readonly #base: string;
  readonly #transport: Transport;
  readonly #tabs: Tabs;
  readonly #unwatch: () => void;
  readonly #listeners = new Set<() => void>();

  #state: State = { phase: "checking", user: null, returning: false, endReason: null, problem: null };
  /**
   * The user of this page. It stays while the form asks for a login, until that is declined or
   * someone else logs in.
   */
  #owner: string | null = null;
  /** Counts logins and logouts, so that responses from before one of them are ignored. */
  #epoch = 0;
  #check: Promise<State> | null = null;
  /** Requests that got 401 wait for it while the login form is open. */
  #login: Deferred | null = null;

  constructor(options: Options = {}) {
    this.#base = (options.base ?? "/api").replace(/\/+$/, ""); // a browser takes //login for a host
    this.#transport = new Transport(options);
    this.#tabs = new Tabs(options.channel ?? "latchkey", (news) => this.#hear(news));
    this.#unwatch = onVisible(() => this.#state.phase === "in" && void this.check());
  }

  get state(): State {
    return this.#state;
  }

  /** Calls the listener after each change of `state`. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the backend who is logged in. Never throws: the result is in `state`. */
  check(): Promise<State> {
    this.#check ??= this.#askWho().finally(() => (this.#check = null));
    return this.#check;
  }

  /** Logs in, and lets the waiting requests continue. Throws a Problem. */
  login(credentials: Credentials): Promise<User> {
    return this.loginBy("/login", credentials);
  }

  /**
   * Logs in by another route that answers like the login, such as `/passkey-login`. Throws a
   * Problem.
   */
  async loginBy(path: string, body: unknown): Promise<User> {
    const response = await this.#transport.once(this.#post(path, body));
    if (!response.ok) throw await Problem.of(response);
    const user = await userOf(response);
    this.#enter(user);
    this.#tabs.tell("login");
    return user;
  }

  /**
   * Logs out. This tab and the others forget the user first, whatever the network does. Throws a
   * Problem if the backend did not learn of it: call it again, because the cookies still exist. If
   * the backend could not store the end yet (`logout_incomplete`), it retries by itself, and the
   * cookies are gone.
   */
  async logout(): Promise<void> {
    this.#leave("logged_out", "logout");
    this.#tabs.tell("logout");
    const response = await this.#transport.once(this.#post("/logout", {}));
    if (!response.ok) throw await Problem.of(response);
  }

  /** The user closed the login form: the waiting requests fail with a Problem `declined`. */
  decline(): void {
    if (this.#state.phase === "asking") this.#leave("declined", null);
  }

  /**
   * fetch, for the app's own API. If the response is 401 `login_required`, the phase becomes
   * `asking`, and the request is sent again after the login; all requests share one login. The same
   * goes for 401 `device_proof_required`, if a second try did not help. A request that was begun
   * for one user is never sent for another. Throws a Problem only if there is no response to
   * return.
   */
  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    let owner = this.#owner;
    for (;;) {
      await this.#check;
      this.#stillFor(owner);
      const epoch = this.#epoch;
      const response = await this.#transport.patiently(request, () => this.#stillFor(owner));
      const problem = response.status === 401 ? await Problem.of(response) : null;
      if (problem?.code !== "login_required" && problem?.code !== "device_proof_required") {
        this.#stillFor(owner, "outdated");
        return response;
      }
      if (epoch === this.#epoch) await this.#askForLogin(problem);
      this.#stillFor(owner);
      owner ??= this.#owner;
    }
  }

  /**
   * fetch with JSON both ways; 204 is undefined. Throws a Problem for every answer that is not a
   * success.
   */
  async json<T>(path: string, init: { method?: string; body?: unknown; signal?: AbortSignal } = {}): Promise<T> {
    const { body, ...rest } = init;
    const response = await this.fetch(
      path,
      body === undefined ? rest : { ...rest, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
    );
    if (!response.ok) throw await Problem.of(response);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch {
      throw new Problem("unexpected", { status: response.status });
    }
  }

  /** The user's sessions in this app. Asks for a login if nobody is logged in. Throws a Problem. */
  async sessions(): Promise<Session[]> {
    return sessionsOf(await this.fetch(this.#base + "/sessions"));
  }

  /**
   * Ends one session of the user, by its id. Throws a Problem: `not_found` if the session has ended
   * already. To end the session of this browser, use `logout()`.
   */
  async endSession(id: string): Promise<void> {
    await this.#delete("/sessions/" + encodeURIComponent(id));
  }

  /** Ends all of the user's sessions in this app except this browser's. Throws a Problem. */
  async endOtherSessions(): Promise<void> {
    await this.#delete("/sessions");
  }

  /** Stops listening to the other tabs. */
  close(): void {
    this.#unwatch();
    this.#tabs.close();
  }

  async #askWho(): Promise<State> {
    if (this.#state.phase === "unreachable") this.#setState("checking", null);
    const epoch = this.#epoch;
    try {
      const response = await this.#transport.patiently(new Request(this.#base + "/user"), () => {});
      const problem = response.ok ? null : await Problem.of(response);
      const user = response.ok ? await userOf(response) : null;
      if (epoch !== this.#epoch) return this.#state;
      if (user) this.#enter(user);
      else if (problem?.code === "not_logged_in" || problem?.code === "device_proof_required") this.#nobody(problem);
      else this.#unreachable(problem);
    } catch (error) {
      if (epoch === this.#epoch) this.#unreachable(error instanceof Problem ? error : null);
    }
    return this.#state;
  }

  #hear(news: News): void {
    if (news === "logout") this.#leave("logged_out", "logout");
    else void this.check();
  }

  #enter(user: User): void {
    const waiting = this.#login;
    this.#login = null;
    if (this.#state.phase !== "in" || this.#owner !== user.id) this.#epoch++;
    this.#owner = user.id;
    this.#setState("in", user);
    waiting?.resolve();
  }

  #leave(code: "declined" | "logged_out", endReason: EndReason | null): void {
    const waiting = this.#login;
    this.#login = null;
    this.#epoch++;
    this.#owner = null;
    this.#setState("out", null, endReason);
    waiting?.reject(new Problem(code));
  }

  /**
   * Nobody is logged in at the backend. If someone was here, the session has ended elsewhere: ask,
   * and lose nothing typed.
   */
  #nobody(problem: Problem): void {
    const { endReason } = problem;
    if (this.#owner !== null && endReason === "logout") this.#leave("logged_out", endReason);
    else this.#setState(this.#owner !== null || this.#login ? "asking" : "out", null, endReason, missingProof(problem));
  }

  #unreachable(problem: Problem | null): void {
    if (this.#state.phase === "checking") this.#setState("unreachable", null, null, problem);
  }

  async #askForLogin(problem: Problem): Promise<void> {
    this.#login ??= new Deferred();
    const { promise } = this.#login;
    this.#setState("asking", null, problem.endReason ?? this.#state.endReason, missingProof(problem));
    await promise;
  }

  /** Throws unless the page still belongs to the user that a request was begun for. */
  #stillFor(owner: string | null, otherwise?: "outdated"): void {
    if (owner === null || owner === this.#owner) return;
    throw new Problem(otherwise ?? (this.#owner === null ? "logged_out" : "user_changed"));
  }

  #setState(phase: Phase, user: User | null, endReason: EndReason | null = null, problem: Problem | null = null): void {
    this.#state = { phase, user, returning: phase === "asking" && this.#owner !== null, endReason, problem };
    for (const listener of this.#listeners) listener();
  }

  async #delete(path: string): Promise<void> {
    const response = await this.fetch(this.#base + path, { method: "DELETE" });
    if (!response.ok) throw await Problem.of(response);
  }

  #post(path: string, body: unknown): Request {
    const headers = { "Content-Type": "application/json" };
    return new Request(this.#base + path, { method: "POST", headers, body: JSON.stringify(body) });
  }
}

/** The problem, if it is that this browser cannot prove that the login is its own. */
function missingProof(problem: Problem): Problem | null {
  return problem.code === "device_proof_required" ? problem : null;
}

async function userOf(response: Response): Promise<User> {
  try {
    const { user } = (await response.json()) as { user?: User };
    if (typeof user?.id === "string") return user;
  } catch {
    // not JSON, or truncated: reported below
  }
  throw new Problem("unexpected", { status: response.status });
}
