import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { TargetedMouseEvent } from "preact";
import { words, type Session } from "../../client/src/index.ts";
import { openerId } from "./account.tsx";
import { useCell } from "./cell.ts";
import { hush, Cross } from "./notice.tsx";
import { SessionEntry } from "./session-entry.tsx";
import { openSecurity } from "./security.ts";
import { closeSessions, load, sessionsState } from "./sessions.ts";
import { SessionsEndOthers } from "./sessions-end-others.tsx";
import { useSlow } from "./slow.ts";

/** The user's sessions, opened from the user's name. Use it once in a page. */
export function SessionsDialog() {
  const { open } = useCell(sessionsState);
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (!open) return;
    hush();
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      document.getElementById(openerId)?.focus();
    };
  }, [open]);

  function clickBeside({ target, currentTarget }: TargetedMouseEvent<HTMLDialogElement>) {
    if (target === currentTarget) closeSessions();
  }

  return (
    <dialog ref={dialog} class="sessions" aria-labelledby="sessions-title" onClose={closeSessions} onClick={clickBeside}>
      {open && <Content />}
    </dialog>
  );
}

function Content() {
  const { list, problem, ending, done } = useCell(sessionsState);
  const heading = useRef<HTMLHeadingElement>(null);
  const entries = useRef<HTMLUListElement>(null);
  const slow = useSlow((!list && !problem) || ending.length > 0);
  useFocusKept(heading, entries, list);
  const others = list?.filter((session) => !session.current) ?? [];
  return (
    <div class="inside">
      <div class="head">
        <h2 id="sessions-title" ref={heading} tabIndex={-1} autofocus>Where you’re logged in</h2>
        <button type="button" class="icon" aria-label="Close" data-testid="sessions-close" onClick={closeSessions}>
          <Cross />
        </button>
      </div>
      {others.length > 0 && <p class="hint">If you don’t recognise one of these, log it out and change your password.</p>}
      <div class="scroll">
        {!list && !problem && <Waiting />}
        {list && (
          <ul ref={entries} data-testid="sessions-list" aria-labelledby="sessions-title">
            {list.map((session) => <SessionEntry key={session.id} session={session} ending={ending.includes(session.id)} />)}
          </ul>
        )}
      </div>
      {list && others.length === 0 && <p class="hint" data-testid="sessions-only-here">You’re logged in nowhere else.</p>}
      <p class="hint" role="status">{slow && "This takes longer than usual…"}</p>
      <div role="alert">
        {problem && (
          <div class="trouble-here" data-testid="sessions-problem">
            <p>{words(problem)}</p>
            {!list && <button type="button" class="quiet" onClick={() => void load()}>Try again</button>}
          </div>
        )}
      </div>
      {others.length > 0 && <SessionsEndOthers others={others} busy={ending.length > 0} />}
      <button type="button" class="plain over" data-testid="security-open" onClick={() => (closeSessions(), openSecurity())}>Change how you log in</button>
      <p class="sr-only" role="status" data-testid="sessions-done">{done}</p>
    </div>
  );
}

/** If the focused entry is gone, focuses the one in its place, or the heading. */
function useFocusKept(heading: { current: HTMLElement | null }, entries: { current: HTMLElement | null }, list: readonly Session[] | null): void {
  const last = useRef(0);
  useLayoutEffect(() => {
    const buttons = [...(entries.current?.querySelectorAll<HTMLElement>("button.quiet") ?? [])];
    const note = ({ target }: FocusEvent) => (last.current = buttons.findIndex((button) => button === target));
    const lost = !document.activeElement || document.activeElement === document.body;
    if (lost) (buttons[Math.min(last.current, buttons.length - 1)] ?? heading.current)?.focus();
    addEventListener("focusin", note);
    return () => removeEventListener("focusin", note);
  }, [list]);
}

function Waiting() {
  return (
    <ul aria-busy="true" aria-label="Loading the list">
      <li class="session skeleton" />
      <li class="session skeleton" />
    </ul>
  );
}
