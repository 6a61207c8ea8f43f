import type { EndReason, Problem } from "./problem.ts";
/**
 * Describes a problem in words. The backend's own sentence is used only for the app's own codes.
 */
export declare function words(problem: Problem): string;
/** Says why a session ended. */
export declare function whyEnded(reason: EndReason | null): string;
