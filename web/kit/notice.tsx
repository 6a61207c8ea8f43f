import { Problem, words } from "../../client/src/index.ts";
import { Cell, useCell } from "./cell.ts";

interface Notice {
  text: string;
  tone: "good" | "bad";
  action?: { label: string; run: () => void };
}

const shown = new Cell<Notice | null>(null);
let timer = 0;

/** Says something in passing, to eyes and screen readers. What went wrong stays until it is closed. */
export function say(notice: Notice): void {
  clearTimeout(timer);
  shown.value = notice;
  if (notice.tone === "good") timer = window.setTimeout(() => shown.value === notice && hush(), 5000);
}

export function hush(): void {
  shown.value = null;
}

/** Says what went wrong. Nothing is said where the person knows: the form was closed, or the page belongs to someone else by now. */
export function sayProblem(error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  if (["declined", "logged_out", "outdated"].includes(error.code)) return;
  say({ text: words(error), tone: "bad" });
}

/** Shows the notice. Stands once in the page; the regions are there before anything is said, or it would not be read out. */
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
