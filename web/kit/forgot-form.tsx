import { EmailField } from "./field.tsx";
import { Form } from "./form.tsx";
import { latchkey } from "./session.ts";

/** Asks for a mail with which to set a new password. What it says is the same whether the address has an account. */
export function ForgotForm({ mailed }: { mailed: (email: string) => void }) {
  async function send({ email }: Record<string, string>) {
    const address = email!.trim();
    await latchkey.json("/api/forgot-password", { method: "POST", body: { email: address } });
    mailed(address);
  }
  return (
    <Form id="forgot" submit="Send the link" submitting="Sending…" send={send}>
      <EmailField first />
    </Form>
  );
}
