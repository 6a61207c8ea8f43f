import { useEffect, useRef, useState } from "preact/hooks";
import type { TargetedSubmitEvent } from "preact";
import { Problem, whyEnded, words, type EndReason } from "../../client/src/index.ts";
import { latchkey } from "./session.ts";
import { useSlow } from "./slow.ts";

interface Props {
  /** Whether someone's session has ended, and why where that is known. */
  ended: boolean;
  endReason: EndReason | null;
}

/** The login form. What is typed stays in its fields and goes nowhere but into the request. */
export function LoginForm({ ended, endReason }: Props) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const slow = useSlow(busy);
  const email = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);

  useEffect(() => email.current?.focus(), []);
  useEffect(() => {
    if (problem?.code === "invalid_credentials") password.current?.select();
  }, [problem]);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await latchkey.login({
        email: String(form.get("username")).trim(),
        password: String(form.get("password")),
        remember: form.has("remember"),
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  const wrong = problem?.code === "invalid_credentials";
  return (
    <form class="login-form" method="post" data-testid="login-form" onSubmit={submit} aria-busy={busy}>
      {ended && (
        <p class="ended" data-testid="session-ended">
          {whyEnded(endReason)}
        </p>
      )}
      <label>
        Email
        <input
          ref={email} name="username" type="text" inputMode="email" autocomplete="username" autocapitalize="none"
          spellcheck={false} maxLength={255} required data-testid="login-email" aria-invalid={wrong} aria-describedby="login-error"
        />
      </label>
      <PasswordField field={password} wrong={wrong} />
      <label class="check">
        <input name="remember" type="checkbox" defaultChecked data-testid="login-remember" />
        Keep me signed in
      </label>
      <p id="login-error" class="error" role="alert" data-testid="login-error">
        {problem && words(problem)}
      </p>
      <button class="primary" data-testid="login-submit" aria-disabled={busy}>
        {busy ? "Logging in…" : "Log in"}
      </button>
      <p class="hint" role="status">{slow && "Still waiting for an answer…"}</p>
    </form>
  );
}

function PasswordField({ field, wrong }: { field: { current: HTMLInputElement | null }; wrong: boolean }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (field.current) field.current.type = shown ? "text" : "password";
  }, [shown]);
  return (
    <div class="field">
      <label for="login-password">Password</label>
      <div class="with-toggle">
        <input
          ref={field} id="login-password" name="password" type="password" autocomplete="current-password"
          autocapitalize="none" spellcheck={false} required data-testid="login-password" aria-invalid={wrong} aria-describedby="login-error"
        />
        <button type="button" class="plain" aria-pressed={shown} aria-label="Show password" onClick={() => setShown(!shown)}>
          {shown ? "Hide" : "Show"}
        </button>
      </div>
    </div>
  );
}
