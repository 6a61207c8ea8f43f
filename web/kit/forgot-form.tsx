import { EmailField } from "./field.tsx";
import { Form } from "./form.tsx";
import { latchkey, route } from "./session.ts";

/** Requests a mail for a new password. The answer does not depend on whether the account exists. */
export function ForgotForm({ mailed }: { mailed: (email: string) => void }) {
  async function send({ email }: Record<string, string>) {
    const address = email!.trim();
    await latchkey.json(route("/forgot-password"), { method: "POST", body: { email: address } });
    mailed(address);
  }
  return (
    <Form id="forgot" submit="Send the link" submitting="Sending…" send={send}>
      <EmailField first />
    </Form>
  );
}
