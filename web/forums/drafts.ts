import { Cell } from "../kit/cell.ts";

/**
 * What was typed and not yet sent, by field. It survives the end of a session, so that nothing
 * typed is lost, and is forgotten when the user logs out or changes. It is in memory only: a shared
 * computer must not remember it.
 */
const drafts = new Map<string, string>();

/** Counts how often all drafts were forgotten: forms with a draft then start over. */
export const forgotten = new Cell(0);

export const draft = (field: string): string => drafts.get(field) ?? "";
export const keepDraft = (field: string, text: string): void => void drafts.set(field, text);
export const dropDraft = (field: string): void => void drafts.delete(field);

export function forgetDrafts(): void {
  drafts.clear();
  forgotten.value++;
}
