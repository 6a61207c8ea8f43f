import { passing, Problem } from "./problem.ts";
import type { Options } from "./state.ts";

/** Nobody watches a spinner for longer than this. */
const longestWait = 5;

/** Milliseconds in which a browser that can prove a bound login gets to do so. */
const proofWait = 1000;

/** Sends requests, and turns a missing response into a Problem. */
export class Transport {
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #timeout: number;
  readonly #repeats: number;

  constructor(options: Options) {
    this.#fetch = options.fetch ?? ((request) => fetch(request));
    this.#sleep = options.sleep ?? sleep;
    this.#timeout = options.timeout ?? 30_000;
    this.#repeats = options.repeats ?? 2;
  }

  /** Sends once. Throws a Problem `offline` or `timeout`, or the caller's own abort. */
  async once(request: Request): Promise<Response> {
    const timeout = AbortSignal.timeout(this.#timeout);
    try {
      return await this.#fetch(new Request(request, { signal: AbortSignal.any([request.signal, timeout]) }));
    } catch (error) {
      if (request.signal.aborted) throw error;
      throw new Problem(timeout.aborted ? "timeout" : "offline");
    }
  }

  /**
   * Sends, and sends again what may well be served then: a few times while the backend answers with
   * a 503 that passes, and once after 401 `device_proof_required`. That is safe for a POST too: the
   * guard gives these answers before the app has seen the request. `mayRepeat` throws when the
   * request is no longer wanted.
   */
  async patiently(request: Request, mayRepeat: () => void): Promise<Response> {
    const response = await this.#whileUnavailable(request, mayRepeat);
    if (response.status !== 401 || (await Problem.of(response)).code !== "device_proof_required") return response;
    await this.#sleep(proofWait, request.signal);
    mayRepeat();
    return this.#whileUnavailable(request, mayRepeat);
  }

  async #whileUnavailable(request: Request, mayRepeat: () => void): Promise<Response> {
    for (let left = this.#repeats; ; left--) {
      const response = await this.once(request.clone()); // keeps the body for the next time
      if (response.status !== 503 || left <= 0) return response;
      const { code, retryAfter } = await Problem.of(response);
      const wait = retryAfter ?? 1;
      if (!passing.includes(code) || wait > longestWait) return response;
      await this.#sleep(wait * 1000, request.signal);
      mayRepeat();
    }
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
