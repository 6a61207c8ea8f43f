import { Cell } from "./cell.ts";

/** What a link in a mail is for, and its id. */
export interface MailLink {
  what: "verify-email" | "reset-password";
  id: string;
}

/** The link that this page was opened by, until it is done with. */
export const mailLink = new Cell<MailLink | null>(null);

addEventListener("hashchange", take);
take();

/** Removes the id from the address: it is a credential, and must not be in the history. */
function take(): void {
  const found = /^#(verify-email|reset-password)=([\w.~-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  mailLink.value = { what: found[1] as MailLink["what"], id: found[2]! };
}
