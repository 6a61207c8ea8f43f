import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, words } from "../../client/src/index.ts";
import { latchkey } from "./session.ts";

interface Props {
  /** The route that sends the mail (again). */
  path: "/api/verify-email/send" | "/api/forgot-password";
  email: string;
}

/** Says that a mail is on its way, in words that tell nobody who has an account. */
export function Mailed({ path, email }: Props) {
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState("");
  const [wrong, setWrong] = useState("");
  const first = useRef<HTMLParagraphElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function again() {
    if (busy) return;
    setBusy(true);
    setDone("");
    setWrong("");
    try {
      await latchkey.json(path, { method: "POST", body: { email } });
      setDone("Sent again. It can take a minute; look into the spam folder too.");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setWrong(words(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="form" data-testid="mailed">
      <p ref={first} tabIndex={-1}>
        {path === "/api/forgot-password" ? "If there is an account for " : "We have sent a mail to "}
        <strong class="address"><bdi>{email}</bdi></strong>
        {path === "/api/forgot-password" ? ", a mail with a link to set a new password is on its way." : ". Follow the link in it, then log in."}
      </p>
      <button type="button" class="quiet" data-testid="mailed-again" aria-disabled={busy} onClick={() => void again()}>
        {busy ? "Sending…" : "Send it again"}
      </button>
      <p class="hint" role="status">{done}</p>
      <p class="error" role="alert">{wrong}</p>
    </div>
  );
}
