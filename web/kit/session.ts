import { Latchkey, type State } from "../../client/src/index.ts";
import { Cell, useCell } from "./cell.ts";

/** Where the backend's routes are: the page says so if it is not the default. */
const base = document.querySelector<HTMLMetaElement>('meta[name="latchkey-base"]')?.content ?? "/api";

/** The login of this page. */
export const latchkey = new Latchkey({ base });

/** The path of one of the backend's routes, such as `/forgot-password`. */
export const route = (path: string): string => base + path;

const state = new Cell<State>(latchkey.state);
latchkey.subscribe(() => (state.value = latchkey.state));

/** The login as it is now. */
export const useSession = (): State => useCell(state);

interface Owner {
  /** Someone is logged in. Called again for the same user after a login in place. */
  arrived(): void;
  /** A login is needed: forget what the backend sent, keep what was typed or is waiting. */
  hidden(): void;
  /** The user has left, or is another one: forget everything. */
  left(): void;
}

/** Keeps an app's private data in step with the login. */
export function follow({ arrived, hidden, left }: Owner): void {
  let owner: string | null = null;
  latchkey.subscribe(() => {
    const { phase, user } = latchkey.state;
    if (phase === "asking") hidden();
    if (phase === "out" || (user && owner !== null && owner !== user.id)) left();
    if (phase === "out") owner = null;
    if (!user) return;
    owner = user.id;
    arrived();
  });
}
