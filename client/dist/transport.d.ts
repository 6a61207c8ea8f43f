import type { Options } from "./state.ts";
/** Sends requests, and turns a missing response into a Problem. */
export declare class Transport {
    #private;
    constructor(options: Options);
    /** Sends once. Throws a Problem `offline` or `timeout`, or the caller's own abort. */
    once(request: Request): Promise<Response>;
    /**
     * Sends, and retries a few times while the backend answers 503 `provider_unavailable`. That is
     * safe for a POST too: the guard gives this answer before the app has seen the request.
     * `mayRepeat` throws when the request is no longer wanted.
     */
    patiently(request: Request, mayRepeat: () => void): Promise<Response>;
}
