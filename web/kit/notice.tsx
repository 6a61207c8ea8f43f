import { Problem, words } from "../../client/src/index.ts";
import { Cell, useCell } from "./cell.ts";

interface Notice {
  text: string;
  tone: "good" | "bad";
  action?: { label: string; run: () => void };
}

const shown = new Cell<Notice | null>(null);
let timer = 0;

/** Shows and announces a short message. Errors stay until they are closed. */
export function say(notice: Notice): void {
  clearTimeout(timer);
  shown.value = notice;
  if (notice.tone === "good") timer = window.setTimeout(() => shown.value === notice && hush(), 5000);
}

export function hush(): void {
  shown.value = null;
}

/** Shows an error, unless the user knows: the form was closed, or someone else has logged in. */
export function sayProblem(error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  if (["declined", "logged_out", "outdated"].includes(error.code)) return;
  say({ text: words(error), tone: "bad" });
}

/** Shows the notice. Use it once in a page: live regions must exist before their content. */
export function Notices() {
  const notice = useCell(shown);
  const text = (tone: Notice["tone"]) => (notice?.tone === tone ? notice.text : "");
  return (
    <div class="notice" data-tone={notice?.tone}>
      <span role="status">{text("good")}</span>
      <span role="alert">{text("bad")}</span>
      {notice?.action && (
        <button type="button" class="plain" onClick={notice.action.run}>
          {notice.action.label}
        </button>
      )}
      {notice && (
        <button type="button" class="icon" aria-label="Close this message" onClick={hush}>
          <Cross />
        </button>
      )}
    </div>
  );
}

export function Cross() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M6 6l12 12M18 6L6 18" />
    </svg>
  );
}
