declare const endReasons: readonly ["logout", "logout_everywhere", "revoked_by_user", "revoked_by_admin", "refresh_expired", "refresh_refused", "absolute_timeout", "reuse_detected", "password_changed", "user_deactivated"];
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
export declare class Problem extends Error {
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
    constructor(code: string, about?: About);
    /** Reads the problem out of an answer that is not a success. The answer's own body stays unread. */
    static of(response: Response): Promise<Problem>;
}
export {};
