import { type EndReason, type Problem } from "./problem.ts";
import type { State } from "./state.ts";
/**
 * Describes a problem in words. The backend's own sentence is used only for the app's own codes.
 */
export declare function words(problem: Problem): string;
/** Says why a session ended. */
export declare function whyEnded(reason: EndReason | null): string;
/** Says why a login is asked for. Null if the only reason is that nobody is logged in. */
export declare function whyAsked({ returning, endReason, problem }: State): string | null;
