/**
 * What was typed and not yet sent, by field. It outlives the end of a session, so that nothing typed is lost, and is forgotten
 * when the user logs out or is another one. It is kept in memory only: a shared computer must not remember it.
 */
const drafts = new Map<string, string>();

export const draft = (field: string): string => drafts.get(field) ?? "";
export const keepDraft = (field: string, text: string): void => void drafts.set(field, text);
export const dropDraft = (field: string): void => void drafts.delete(field);
export const forgetDrafts = (): void => drafts.clear();
