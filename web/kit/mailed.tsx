import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, words } from "../../client/src/index.ts";
import { latchkey, route } from "./session.ts";

/** The routes that send a mail (again) without a login. */
export type MailPath = "/verify-email/send" | "/forgot-password";

/** Sends a mail to an address. */
export function useSending(path: MailPath, email: string) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  async function send(done: () => void) {
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      await latchkey.json(route(path), { method: "POST", body: { email } });
      done();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setWrong(words(error));
    } finally {
      setBusy(false);
    }
  }
  return { busy, wrong, send };
}

/** Says that a mail is on its way, without revealing whether there is an account. */
export function Mailed({ path, email, children }: { path: MailPath; email: string; children: ComponentChildren }) {
  const { busy, wrong, send } = useSending(path, email);
  const [done, setDone] = useState("");
  const first = useRef<HTMLParagraphElement>(null);
  useEffect(() => first.current?.focus(), []);

  function again() {
    setDone("");
    void send(() => setDone("Sent again. It can take a minute; look into the spam folder too."));
  }

  return (
    <div class="form" data-testid="mailed">
      <p ref={first} tabIndex={-1}>{children}</p>
      <button type="button" class="quiet" data-testid="mailed-again" aria-disabled={busy} onClick={again}>
        {busy ? "Sending…" : "Send it again"}
      </button>
      <p class="hint" role="status">{done}</p>
      <p class="error" role="alert">{wrong}</p>
    </div>
  );
}
