import { type Session } from "./sessions.ts";
import type { Credentials, Options, State, User } from "./state.ts";
/** The login in one browser tab, kept in step with the other tabs of the app. */
export declare class Latchkey {
    #private;
    constructor(options?: Options);
    get state(): State;
    /** Calls the listener after each change of `state`. Returns a function that unsubscribes. */
    subscribe(listener: () => void): () => void;
    /** Asks the backend who is logged in. Never throws: the result is in `state`. */
    check(): Promise<State>;
    /** Logs in, and lets the waiting requests continue. Throws a Problem. */
    login(credentials: Credentials): Promise<User>;
    /**
     * Logs in by another route that answers like the login, such as `/passkey-login`. Throws a
     * Problem.
     */
    loginBy(path: string, body: unknown): Promise<User>;
    /**
     * Logs out. This tab and the others forget the user first, whatever the network does. Throws a
     * Problem if the backend did not learn of it: call it again, because the cookies still exist. If
     * the backend could not store the end yet (`logout_incomplete`), it retries by itself, and the
     * cookies are gone.
     */
    logout(): Promise<void>;
    /** The user closed the login form: the waiting requests fail with a Problem `declined`. */
    decline(): void;
    /**
     * fetch, for the app's own API. If the response is 401 `login_required`, the phase becomes
     * `asking`, and the request is sent again after the login; all requests share one login. The same
     * goes for 401 `device_proof_required`, if a second try did not help. A request that was begun
     * for one user is never sent for another. Throws a Problem only if there is no response to
     * return.
     */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
    /**
     * fetch with JSON both ways; 204 is undefined. Throws a Problem for every answer that is not a
     * success.
     */
    json<T>(path: string, init?: {
        method?: string;
        body?: unknown;
        signal?: AbortSignal;
    }): Promise<T>;
    /** The user's sessions in this app. Asks for a login if nobody is logged in. Throws a Problem. */
    sessions(): Promise<Session[]>;
    /**
     * Ends one session of the user, by its id. Throws a Problem: `not_found` if the session has ended
     * already. To end the session of this browser, use `logout()`.
     */
    endSession(id: string): Promise<void>;
    /** Ends all of the user's sessions in this app except this browser's. Throws a Problem. */
    endOtherSessions(): Promise<void>;
    /** Stops listening to the other tabs. */
    close(): void;
}
