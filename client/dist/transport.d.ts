import type { Options } from "./state.ts";
/** Sends requests, and turns a missing response into a Problem. */
export declare class Transport {
    #private;
    constructor(options: Options);
    /** Sends once. Throws a Problem `offline` or `timeout`, or the caller's own abort. */
    once(request: Request): Promise<Response>;
    /**
     * Sends, and sends again what may well be served then: a few times while the backend answers with
     * a 503 that passes, and once after 401 `device_proof_required`. That is safe for a POST too: the
     * guard gives these answers before the app has seen the request. `mayRepeat` throws when the
     * request is no longer wanted.
     */
    patiently(request: Request, mayRepeat: () => void): Promise<Response>;
}
