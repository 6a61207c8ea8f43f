import type { EndReason, Problem } from "./problem.ts";
/** The logged-in user. */
export interface User {
    id: string;
    email?: string;
    /** Whether the provider has verified that the address is theirs. */
    emailVerified?: boolean;
    username?: string;
    firstName?: string;
    lastName?: string;
    fullName?: string;
    imageUrl?: string;
    /** A language tag (BCP 47), such as `de-CH`. */
    preferredLanguage?: string;
    /** A name of the time zone database, such as `Europe/Zurich`. */
    timezone?: string;
    roles?: string[];
}
/** What the login form sends. `remember: false` makes the login end with the browser. */
export interface Credentials {
    email: string;
    password: string;
    remember?: boolean;
    /** Of an authenticator, or a recovery code: after a Problem `two_factor_required`. */
    code?: string;
    /** After a Problem `password_change_required`. */
    newPassword?: string;
}
/**
 * - `checking`: the backend has not yet said who this is
 * - `unreachable`: it did not answer, or could not know; `check()` tries again
 * - `out`: nobody is logged in
 * - `in`: `user` is logged in
 * - `asking`: a request waits for a login: show the form in place
 */
export type Phase = "checking" | "unreachable" | "out" | "in" | "asking";
/** A snapshot of the login. Never changed in place: each change is a new object. */
export interface State {
    readonly phase: Phase;
    /** Present in phase `in` only: a user who has left is forgotten immediately. */
    readonly user: User | null;
    /** In phase `asking`: whether someone was logged in on this page before. */
    readonly returning: boolean;
    /** Why the last session ended, if the backend knows. */
    readonly endReason: EndReason | null;
    /**
     * Why the backend is `unreachable`; or `device_proof_required`, in the phases `asking` and `out`:
     * the session is bound to its device, and this browser can no longer prove that it is its own.
     * Only a login helps.
     */
    readonly problem: Problem | null;
}
/** All fields have a default. */
export interface Options {
    /** Where the backend's routes are mounted, `/` for the root. Default `/api`. */
    base?: string;
    /** The fetch to use. Default: the browser's. */
    fetch?: (request: Request) => Promise<Response>;
    /** Milliseconds after which a request times out. Default 30,000. */
    timeout?: number;
    /** How often a request is repeated after a 503 that passes by itself. Default 2. */
    repeats?: number;
    /** Waits that many milliseconds, or until the signal aborts. Default: a timer. */
    sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
    /** The channel on which the tabs of one app agree. Default `latchkey`. */
    channel?: string;
}
