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
export declare function sessionsOf(response: Response): Promise<Session[]>;
