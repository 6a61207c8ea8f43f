import { type Session } from "./sessions.ts";
import type { Credentials, Options, State, User } from "./state.ts";
/** A login in one browser tab, in step with the other tabs of the same app. */
export declare class Latchkey {
    #private;
    constructor(options?: Options);
    get state(): State;
    /** Calls the listener after each change of `state`. Returns the way to stop. */
    subscribe(listener: () => void): () => void;
    /** Asks the backend who is logged in. Never throws: what it finds is the state. */
    check(): Promise<State>;
    /** Logs in, and lets every request go on that waits for it. Throws a Problem. */
    login(credentials: Credentials): Promise<User>;
    /** Logs in by another route of the backend's that answers as the login does, such as `/passkey-login`. Throws a Problem. */
    loginBy(path: string, body: unknown): Promise<User>;
    /**
     * Logs out. This tab and the others forget the user first, whatever the network does. Throws a Problem where the
     * backend could not be told, where it is to be called again, for the cookies are still there; or where it could not record
     * the end yet (`logout_incomplete`): it goes on trying by itself, and the cookies are gone.
     */
    logout(): Promise<void>;
    /** The person closed the login form: what waited for it fails with a Problem `declined`. */
    decline(): void;
    /**
     * fetch, for the app's own API. Where the answer is 401 `login_required`, the phase becomes `asking`, and after the
     * login the request is sent again; all requests share one login. A request that was begun for one user is never
     * sent for another. Throws a Problem only where there is no answer to return.
     */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
    /** fetch with JSON both ways; 204 is undefined. Throws a Problem for every answer that is not a success. */
    json<T>(path: string, init?: {
        method?: string;
        body?: unknown;
        signal?: AbortSignal;
    }): Promise<T>;
    /** Where the user is logged in to this app. Asks for a login where there is none. Throws a Problem. */
    sessions(): Promise<Session[]>;
    /**
     * Ends one session of the user's, by its id. Throws a Problem; it is `not_found` where the session has ended already. To end this
     * browser's own there is `logout()`.
     */
    endSession(id: string): Promise<void>;
    /** Ends all sessions of the user's in this app but this browser's own. Throws a Problem. */
    endOtherSessions(): Promise<void>;
    /** Stops listening to the other tabs. */
    close(): void;
}
