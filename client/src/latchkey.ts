import { Gate } from "./gate.ts";
import { Problem, type EndReason } from "./problem.ts";
import { sessionsOf, type Session } from "./sessions.ts";
import type { Credentials, Options, Phase, State, User } from "./state.ts";
import { Tabs, type News } from "./tabs.ts";
import { Transport } from "./transport.ts";
import { onWake } from "./wake.ts";

/** A login in one browser tab, in step with the other tabs of the same app. */
export class Latchkey {
  readonly #base: string;
  readonly #transport: Transport;
  readonly #tabs: Tabs;
  readonly #unwatch: () => void;
  readonly #listeners = new Set<() => void>();

  #state: State = { phase: "checking", user: null, returning: false, endReason: null };
  /** Whose page this is: stays while the form asks for a login, until it is declined or someone else logs in. */
  #owner: string | null = null;
  /** Counts logins and logouts, so that an answer which one of them has overtaken is not believed. */
  #turns = 0;
  #check: Promise<State> | null = null;
  #gate: Gate | null = null;

  constructor(options: Options = {}) {
    this.#base = options.base ?? "/api";
    this.#transport = new Transport(options);
    this.#tabs = new Tabs(options.channel ?? "latchkey", (news) => this.#hear(news));
    this.#unwatch = onWake(() => this.#state.phase === "in" && void this.check());
  }

  get state(): State {
    return this.#state;
  }

  /** Calls the listener after each change of `state`. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the backend who is logged in. Never throws: what it finds is the state. */
  check(): Promise<State> {
    this.#check ??= this.#askWho().finally(() => (this.#check = null));
    return this.#check;
  }

  /** Logs in, and lets every request go on that waits for it. Throws a Problem. */
  login(credentials: Credentials): Promise<User> {
    return this.loginBy("/login", credentials);
  }

  /** Logs in by another route of the backend's that answers as the login does, such as `/passkey-login`. Throws a Problem. */
  async loginBy(path: string, body: unknown): Promise<User> {
    const response = await this.#transport.once(this.#post(path, body));
    if (!response.ok) throw await Problem.of(response);
    const user = await userOf(response);
    this.#enter(user);
    this.#tabs.tell("login");
    return user;
  }

  /**
   * Logs out. This tab and the others forget the user first, whatever the network does. Throws a Problem where the
   * backend could not be told, where it is to be called again, for the cookies are still there; or where it could not record
   * the end yet (`logout_incomplete`): it goes on trying by itself, and the cookies are gone.
   */
  async logout(): Promise<void> {
    this.#leave("logged_out", "logout");
    this.#tabs.tell("logout");
    const response = await this.#transport.once(this.#post("/logout", {}));
    if (!response.ok) throw await Problem.of(response);
  }

  /** The person closed the login form: what waited for it fails with a Problem `declined`. */
  decline(): void {
    if (this.#state.phase === "asking") this.#leave("declined", null);
  }

  /**
   * fetch, for the app's own API. Where the answer is 401 `login_required`, the phase becomes `asking`, and after the
   * login the request is sent again; all requests share one login. A request that was begun for one user is never
   * sent for another. Throws a Problem only where there is no answer to return.
   */
  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    let owner = this.#owner;
    for (;;) {
      await this.#check;
      this.#stillFor(owner);
      const turn = this.#turns;
      const response = await this.#transport.patiently(request, () => this.#stillFor(owner));
      const problem = response.status === 401 ? await Problem.of(response) : null;
      if (problem?.code !== "login_required") {
        this.#stillFor(owner, "outdated");
        return response;
      }
      if (turn === this.#turns) await this.#askForLogin(problem.endReason);
      this.#stillFor(owner);
      owner ??= this.#owner;
    }
  }

  /** fetch with JSON both ways; 204 is undefined. Throws a Problem for every answer that is not a success. */
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

  /** Where the user is logged in to this app. Asks for a login where there is none. Throws a Problem. */
  async sessions(): Promise<Session[]> {
    return sessionsOf(await this.fetch(this.#base + "/sessions"));
  }

  /**
   * Ends one session of the user's, by its id. Throws a Problem; it is `not_found` where the session has ended already. To end this
   * browser's own there is `logout()`.
   */
  async endSession(id: string): Promise<void> {
    await this.#delete("/sessions/" + encodeURIComponent(id));
  }

  /** Ends all sessions of the user's in this app but this browser's own. Throws a Problem. */
  async endOtherSessions(): Promise<void> {
    await this.#delete("/sessions");
  }

  /** Stops listening to the other tabs. */
  close(): void {
    this.#unwatch();
    this.#tabs.close();
  }

  async #askWho(): Promise<State> {
    if (this.#state.phase === "unreachable") this.#become("checking", null, null);
    const turn = this.#turns;
    try {
      const response = await this.#transport.patiently(new Request(this.#base + "/user"), () => {});
      const problem = response.ok ? null : await Problem.of(response);
      const user = response.ok ? await userOf(response) : null;
      if (turn !== this.#turns) return this.#state;
      if (user) this.#enter(user);
      else if (problem?.code === "not_logged_in") this.#nobody(problem.endReason);
      else this.#unreachable();
    } catch {
      if (turn === this.#turns) this.#unreachable();
    }
    return this.#state;
  }

  #hear(news: News): void {
    if (news === "logout") this.#leave("logged_out", "logout");
    else void this.check();
  }

  #enter(user: User): void {
    const gate = this.#gate;
    this.#gate = null;
    if (this.#state.phase !== "in" || this.#owner !== user.id) this.#turns++;
    this.#owner = user.id;
    this.#become("in", user, null);
    gate?.open();
  }

  #leave(code: "declined" | "logged_out", endReason: EndReason | null): void {
    const gate = this.#gate;
    this.#gate = null;
    this.#turns++;
    this.#owner = null;
    this.#become("out", null, endReason);
    gate?.shut(new Problem(code));
  }

  /** The backend knows of no login. If there was one here, it ended behind our back: ask, and lose nothing typed. */
  #nobody(endReason: EndReason | null): void {
    if (this.#owner === null) this.#become(this.#gate ? "asking" : "out", null, endReason);
    else if (endReason === "logout") this.#leave("logged_out", endReason);
    else this.#become("asking", null, endReason);
  }

  #unreachable(): void {
    if (this.#state.phase === "checking") this.#become("unreachable", null, null);
  }

  async #askForLogin(endReason: EndReason | null): Promise<void> {
    this.#gate ??= new Gate();
    const { passed } = this.#gate;
    this.#become("asking", null, endReason ?? this.#state.endReason);
    await passed;
  }

  /** Throws unless the page still belongs to the user that a request was begun for. */
  #stillFor(owner: string | null, otherwise?: "outdated"): void {
    if (owner === null || owner === this.#owner) return;
    throw new Problem(otherwise ?? (this.#owner === null ? "logged_out" : "user_changed"));
  }

  #become(phase: Phase, user: User | null, endReason: EndReason | null): void {
    this.#state = { phase, user, returning: phase === "asking" && this.#owner !== null, endReason };
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

async function userOf(response: Response): Promise<User> {
  try {
    const { user } = (await response.json()) as { user?: User };
    if (typeof user?.id === "string") return user;
  } catch {
    // not JSON, or cut off: told below
  }
  throw new Problem("unexpected", { status: response.status });
}
