import { Problem } from "./problem.ts";

/** One login of the user in one browser, as the backend describes it. */
export interface Session {
  id: string;
  /** Whether it is the session of this browser. */
  current: boolean;
  /** When the user logged in (RFC 3339). */
  createdAt: string;
  /** When it was last used (RFC 3339). */
  lastSeenAt: string;
  /**
   * Browser and system in words: "Firefox on Linux". The browser claims it, so do not rely on it.
   */
  device: string;
  /** The address from which the user logged in, if the backend knows. */
  ip?: string;
  /** Whether the session is bound to a key of its device, and worthless anywhere else. */
  deviceBound: boolean;
}

/** Reads the list in a response. Throws a Problem `unexpected` if there is none. */
export async function sessionsOf(response: Response): Promise<Session[]> {
  if (!response.ok) throw await Problem.of(response);
  try {
    const { sessions } = (await response.json()) as { sessions?: unknown };
    if (Array.isArray(sessions) && sessions.every(isSession)) return sessions;
  } catch {
    // not JSON, or truncated: reported below
  }
  throw new Problem("unexpected", { status: response.status });
}

function isSession(value: unknown): value is Session {
  const session = value as Partial<Session> | null;
  return (
    typeof session?.id === "string" && typeof session.current === "boolean" && typeof session.device === "string" &&
    typeof session.deviceBound === "boolean" && isTime(session.createdAt) && isTime(session.lastSeenAt)
  );
}

const isTime = (value: unknown): boolean => typeof value === "string" && !Number.isNaN(Date.parse(value));
