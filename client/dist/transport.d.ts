import type { Options } from "./state.ts";
/** Sends requests, and turns "no answer" into a Problem. */
export declare class Transport {
    #private;
    constructor(options: Options);
    /** Sends once. Throws a Problem `offline` or `timeout`, or the caller's own abort. */
    once(request: Request): Promise<Response>;
    /**
     * Sends, and repeats a few times while the backend answers 503 `provider_unavailable`. That is safe for a POST too:
     * the guard gives this answer before the app has seen the request. `mayRepeat` throws when nobody wants it any more.
     */
    patiently(request: Request, mayRepeat: () => void): Promise<Response>;
}
