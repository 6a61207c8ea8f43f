import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TargetedKeyboardEvent } from "preact";
import type { Session } from "../../client/src/index.ts";
import { endOthers } from "./sessions.ts";

interface Props {
  others: readonly Session[];
  busy: boolean;
}

/** Logs the user out everywhere else, once it is confirmed. */
export function SessionsEndOthers({ others, busy }: Props) {
  const [confirming, setConfirming] = useState(false);
  const question = useRef<HTMLParagraphElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  useLayoutEffect(() => { // at once: the next key may be on its way
    if (confirming) question.current?.focus(); // not a button: pressing Enter twice must not confirm
    else if (wasAsked.current) button.current?.focus();
    wasAsked.current = confirming;
  }, [confirming]);

  function escape(event: TargetedKeyboardEvent<HTMLElement>) {
    if (event.key !== "Escape") return;
    event.preventDefault(); // it takes back the question, and leaves the dialog open
    setConfirming(false);
  }

  if (!confirming) {
    return (
      <button ref={button} type="button" class="quiet" data-testid="sessions-end-others" aria-disabled={busy} onClick={() => busy || setConfirming(true)}>
        Log out everywhere else
      </button>
    );
  }
  return (
    <div class="confirm" role="group" aria-labelledby="sessions-question" onKeyDown={escape}>
      <p id="sessions-question" ref={question} tabIndex={-1}>
        {others.length === 1 ? "Log out in the other browser?" : `Log out in the ${others.length} other browsers?`}
      </p>
      <button type="button" class="quiet" onClick={() => setConfirming(false)}>Cancel</button>
      <button
        type="button" class="primary" data-testid="sessions-end-others-confirm" aria-disabled={busy}
        onClick={() => busy || void endOthers(others).then(() => setConfirming(false))}
      >
        {busy ? "Logging out…" : "Log out"}
      </button>
    </div>
  );
}
