/**
 * The browser side of Latchkey: who is logged in, login, logout, and a fetch that asks for a login
 * when the session has ended, and then continues. It holds no token: the cookies are HttpOnly.
 *
 * @example
 * const latchkey = new Latchkey();
 * latchkey.subscribe(() => render(latchkey.state));
 * await latchkey.check();
 * const cart = await latchkey.json("/api/load-shopping-cart");
 */
export { Latchkey } from "./latchkey.ts";
export type { Credentials, Options, Phase, State, User } from "./state.ts";
export type { Session } from "./sessions.ts";
export { Problem } from "./problem.ts";
export type { EndReason } from "./problem.ts";
export { whyAsked, whyEnded, words } from "./words.ts";
