import { Problem, type Session } from "../../client/src/index.ts";
import { Cell } from "./cell.ts";
import { sayProblem } from "./notice.tsx";
import { follow, latchkey } from "./session.ts";

/** What the page knows about the user's sessions. */
export interface SessionsState {
  /** Whether the list is open. It is not loaded before. */
  open: boolean;
  /** This browser's session first, then the last used. Null until it is loaded. */
  list: readonly Session[] | null;
  problem: Problem | null;
  /** The ids of those that are being ended. */
  ending: readonly string[];
  /** What was done last, for screen readers. */
  done: string;
}

const nothing: SessionsState = { open: false, list: null, problem: null, ending: [], done: "" };
export const sessionsState = new Cell<SessionsState>(nothing);

/** Counts loads and ends, so that only the newest response is shown. */
let newest = 0;

follow({
  arrived: () => void (sessionsState.value.open && load()),
  hidden: () => change({ list: null }),
  left: closeSessions,
});

function change(some: Partial<SessionsState>): void {
  sessionsState.value = { ...sessionsState.value, ...some };
}

export function openSessions(): void {
  change({ open: true });
  void load();
}

export function closeSessions(): void {
  newest++;
  sessionsState.value = nothing;
}

/** Loads the list. The old one stays until the response arrives. */
export async function load(): Promise<void> {
  const mine = ++newest;
  change({ problem: null });
  try {
    const list = await latchkey.sessions();
    if (mine === newest) change({ list: list.sort(byUse) });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (mine === newest) change({ problem: error });
  }
}

function byUse(a: Session, b: Session): number {
  return Number(b.current) - Number(a.current) || Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt);
}

/** Logs the user out in one other browser. It is fine if that session has ended already. */
export async function end({ id, device }: Session): Promise<void> {
  await endAll([id], `${device} is logged out.`, async () => {
    try {
      await latchkey.endSession(id);
    } catch (error) {
      if (!(error instanceof Problem && error.code === "not_found")) throw error;
    }
  });
}

/** Logs the user out everywhere but here. */
export async function endOthers(others: readonly Session[]): Promise<void> {
  const ids = others.map((session) => session.id);
  await endAll(ids, "You’re logged out everywhere else.", () => latchkey.endOtherSessions());
}

async function endAll(ids: string[], done: string, send: () => Promise<void>): Promise<void> {
  change({ problem: null, done: "", ending: [...sessionsState.value.ending, ...ids] });
  try {
    await send();
    gone(ids, done);
  } catch (error) {
    if (sessionsState.value.open && error instanceof Problem) change({ problem: error });
    else sayProblem(error);
  } finally {
    change({ ending: sessionsState.value.ending.filter((id) => !ids.includes(id)) });
  }
}

function gone(ids: string[], done: string): void {
  const { open, list } = sessionsState.value;
  if (!open) return;
  newest++; // a list being loaded may still have them
  if (list) change({ done, list: list.filter((session) => !ids.includes(session.id)) });
  else void load();
}
