import { useSending } from "./mailed.tsx";

/**
 * Offers to send the verification mail again: a login with an unverified address is refused like a
 * wrong password.
 */
export function Unproven({ email, sent }: { email: string; sent: (email: string) => void }) {
  const { busy, wrong, send } = useSending("/verify-email/send", email);
  return (
    <div>
      <p class="hint">Did you register and not confirm your address yet?</p>
      <button type="button" class="plain left" data-testid="login-unproven" aria-disabled={busy} onClick={() => void send(() => sent(email))}>
        {busy ? "Sending…" : "Send the mail again"}
      </button>
      <p class="error" role="alert" data-testid="login-unproven-error">{wrong}</p>
    </div>
  );
}
