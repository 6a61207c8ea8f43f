import { Problem } from "../../client/src/index.ts";
import { Cell } from "./cell.ts";
import { follow, latchkey, route } from "./session.ts";

/** A key on a device of the user. */
export interface Passkey {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt?: string;
}

/** How the user logs in besides the password. */
export interface Factors {
  authenticator: boolean;
  passkeys: Passkey[];
}

/** What the user is about to change. */
export type Task = "password" | "authenticator" | "authenticator-off" | "codes" | "passkey" | { remove: Passkey };

/** Names the button by which a task is begun. */
export const taskKey = (task: Task): string => (typeof task === "string" ? task : task.remove.id);

export interface SecurityState {
  open: boolean;
  /** Null until it is loaded. */
  factors: Factors | null;
  problem: Problem | null;
  /** Null: the overview. */
  task: Task | null;
  /** Shown once. */
  codes: readonly string[] | null;
  /** What was done last. */
  done: string;
}

const nothing: SecurityState = { open: false, factors: null, problem: null, task: null, codes: null, done: "" };
export const securityState = new Cell<SecurityState>(nothing);

/** Counts the loads, so that only the newest response is shown. */
let newest = 0;

follow({
  arrived: () => void (securityState.value.open && loadFactors()),
  hidden: () => change({ factors: null }), // what is being typed stays
  left: closeSecurity,
});

function change(some: Partial<SecurityState>): void {
  securityState.value = { ...securityState.value, ...some };
}

export function openSecurity(): void {
  change({ open: true });
  void loadFactors();
}

export function closeSecurity(): void {
  newest++;
  securityState.value = nothing;
}

export function begin(task: Task): void {
  change({ task, done: "" });
}

/** Back to the overview. */
export function finish(done = ""): void {
  change({ task: null, codes: null, done });
  if (done) void loadFactors();
}

export function showCodes(codes: readonly string[]): void {
  change({ codes });
}

export async function loadFactors(): Promise<void> {
  const mine = ++newest;
  change({ problem: null });
  try {
    const factors = await latchkey.json<Factors>(route("/factors"));
    if (mine === newest) change({ factors });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (mine === newest) change({ problem: error });
  }
}

/** Submits a form of this dialog. */
export function post<T>(path: string, body?: unknown): Promise<T> {
  return latchkey.json<T>(route(path), { method: "POST", ...(body !== undefined && { body }) });
}
