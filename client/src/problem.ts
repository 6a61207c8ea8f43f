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
  "device_not_bound",
] as const;

/** Why a session ended. */
export type EndReason = (typeof endReasons)[number];

/** The 503s that pass by themselves, and that the app behind the guard has not seen. */
export const passing: readonly string[] = ["provider_unavailable", "device_proof_delayed"];

interface About {
  status?: number;
  detail?: string;
  retryAfter?: number | null;
  endReason?: EndReason | null;
  reason?: string;
}

/**
 * Anything that kept a request from succeeding. `code` is the backend's own (RFC 9457
 * problem+json), or one of ours: `offline` and `timeout` (no response), `declined` (the user closed
 * the login form), `logged_out` (meanwhile), `user_changed` (someone else logged in: the request
 * was dropped), `outdated` (the response came after the user had left or changed), `unexpected` (a
 * response without a code).
 */
export class Problem extends Error {
  readonly code: string;
  /** The HTTP status, or 0 without a response. */
  readonly status: number;
  /** The backend's own sentence, if any: the problem's detail, or else its title. */
  readonly detail: string;
  /** Seconds to wait before the next try, if the backend said so. */
  readonly retryAfter: number | null;
  readonly endReason: EndReason | null;
  /** The provider's code for the reason, such as `tooShort` with `password_refused`; or "". */
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

  /** Reads the problem of an error response. The body of the response itself stays unread. */
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
    return {}; // truncated, or not JSON: only the status is known
  }
}

/** Our backend sends Retry-After in seconds; the date form (RFC 9110 §10.2.3) is ignored. */
function seconds(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : null;
}
