const endReasons = [
  "logout",
  "logout_everywhere",
  "revoked_by_user",
  "revoked_by_admin",
  "refresh_expired",
  "refresh_refused",
  "absolute_timeout",
  "reuse_detected",
  "password_changed",
  "user_deactivated",
] as const;

/** Why a session ended. */
export type EndReason = (typeof endReasons)[number];

interface About {
  status?: number;
  detail?: string;
  retryAfter?: number | null;
  endReason?: EndReason | null;
  reason?: string;
}

/**
 * Anything that kept a request from succeeding. `code` is the backend's own (RFC 9457 problem+json), or one of ours:
 * `offline` and `timeout` (no answer), `declined` (the person closed the login form), `logged_out` (meanwhile),
 * `user_changed` (someone else logged in: the request was dropped), `outdated` (it was answered after the user had
 * left or changed), `unexpected` (an answer without a code).
 */
export class Problem extends Error {
  readonly code: string;
  /** The HTTP status, or 0 where there was no answer. */
  readonly status: number;
  /** The backend's own sentence, where it gave one: the problem's detail, or else its title. */
  readonly detail: string;
  /** Seconds to wait before the next try, where the backend said so. */
  readonly retryAfter: number | null;
  readonly endReason: EndReason | null;
  /** A word of the provider's that says more, such as `tooShort` with `password_refused`; or "". */
  readonly reason: string;

  constructor(code: string, about: About = {}) {
    super(code);
    this.name = "Problem";
    this.code = code;
    this.status = about.status ?? 0;
    this.detail = about.detail ?? "";
    this.retryAfter = about.retryAfter ?? null;
    this.endReason = about.endReason ?? null;
    this.reason = about.reason ?? "";
  }

  /** Reads the problem out of an answer that is not a success. The answer's own body stays unread. */
  static async of(response: Response): Promise<Problem> {
    const body = await problemBody(response);
    return new Problem(typeof body.code === "string" ? body.code : "unexpected", {
      status: response.status,
      detail: text(body.detail) || text(body.title),
      retryAfter: seconds(response.headers.get("Retry-After")),
      endReason: endReasons.find((reason) => reason === body.endReason) ?? null,
      reason: text(body.reason),
    });
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

async function problemBody(response: Response): Promise<Record<string, unknown>> {
  if (!response.headers.get("Content-Type")?.startsWith("application/problem+json")) return {};
  try {
    const body: unknown = await response.clone().json();
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {}; // cut off on the way, or not JSON: the status alone speaks
  }
}

/** Our backend sends Retry-After in seconds; its other form, a date (RFC 9110 §10.2.3), is left aside. */
function seconds(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : null;
}
