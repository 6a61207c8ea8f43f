/** One login of the user in one browser, as the backend describes it. */
export interface Session {
    id: string;
    /** Whether it is the session of this browser. */
    current: boolean;
    /** When the user logged in (RFC 3339). */
    createdAt: string;
    /** When it was last used (RFC 3339). */
    lastSeenAt: string;
    /** Browser and system in words: "Firefox on Linux". What the browser claims, and nothing to rely on. */
    device: string;
    /** From where the user logged in, where the backend knows. */
    ip?: string;
    /** Whether the session holds a key of its device, and is worthless anywhere else. */
    deviceBound: boolean;
}
/** Reads the list out of an answer. Throws a Problem `unexpected` where there is none. */
export declare function sessionsOf(response: Response): Promise<Session[]>;
