declare const endReasons: readonly ["logout", "logout_everywhere", "revoked_by_user", "revoked_by_admin", "refresh_expired", "refresh_refused", "absolute_timeout", "reuse_detected", "password_changed", "user_deactivated", "device_not_bound"];
/** Why a session ended. */
export type EndReason = (typeof endReasons)[number];
/** The 503s that pass by themselves, and that the app behind the guard has not seen. */
export declare const passing: readonly string[];
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
export declare class Problem extends Error {
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
    constructor(code: string, about?: About);
    /** Reads the problem of an error response. The body of the response itself stays unread. */
    static of(response: Response): Promise<Problem>;
}
export {};
