/**
 * The browser side of Latchkey: who is logged in, log in, log out, and a fetch that asks for a login when the
 * session has ended and then goes on. It holds no token: the cookies are HttpOnly and none of its business.
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
export { whyEnded, words } from "./words.ts";
