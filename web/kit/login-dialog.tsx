import { useEffect, useRef } from "preact/hooks";
import { whyAsked } from "../../client/src/index.ts";
import { Entrance } from "./entrance.tsx";
import { hush } from "./notice.tsx";
import { latchkey, useSession } from "./session.ts";

/** The login form over the page, when a request needs a login. The request continues after it. */
export function LoginDialog({ reason }: { reason: string }) {
  const session = useSession();
  const { phase, returning } = session;
  const dialog = useRef<HTMLDialogElement>(null);
  const asking = phase === "asking";

  useEffect(() => {
    if (!asking) return;
    hush();
    const opened = dialog.current;
    const before = document.activeElement;
    opened?.showModal();
    return () => {
      opened?.close(); // gives the focus back to where it was, but Chromium leaves the cursor behind
      if (before instanceof HTMLElement) {
        before.blur();
        before.focus({ preventScroll: true });
      }
    };
  }, [asking]);

  return (
    <dialog ref={dialog} class="login-dialog" aria-labelledby="login-title" onCancel={() => latchkey.decline()}>
      {asking && (
        <>
          <Entrance
            id="login-title" title={returning ? "Log in again" : "Log in"} why={whyAsked(session)}
            reason={returning ? "Nothing is lost: it goes on right where you were." : reason}
          />
          <button type="button" class="plain" onClick={() => latchkey.decline()}>
            Not now
          </button>
        </>
      )}
    </dialog>
  );
}
