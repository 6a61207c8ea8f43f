import type { EndReason, Problem } from "./problem.ts";
/** Says a problem as a person would. The backend's own sentence is used only for codes that the app brought in. */
export declare function words(problem: Problem): string;
/** Says why a session ended. */
export declare function whyEnded(reason: EndReason | null): string;
