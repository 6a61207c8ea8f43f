import { EmailField, Field, PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { latchkey, route } from "./session.ts";

/** Registers a user. `mailed` is called with the address if a link must be followed first. */
export function RegisterForm({ mailed }: { mailed: (email: string) => void }) {
  async function send({ firstName, email, newPassword }: Record<string, string>) {
    const address = email!.trim();
    const name = firstName!.trim();
    const answer = await latchkey.json<{ user?: unknown }>(route("/register"), {
      method: "POST", body: { email: address, password: newPassword, ...(name && { firstName: name }) },
    });
    if (answer.user) await latchkey.check(); // without verification, that was a login
    else mailed(address);
  }
  return (
    <Form id="register" submit="Create account" submitting="Creating your account…" send={send} said={{ not_found: "New accounts can’t be made here." }}>
      <Field name="firstName" label="Name (if you like)" first input={{ autocomplete: "given-name", autocapitalize: "words", maxLength: 100 }} />
      <EmailField hint="We send you a link to confirm it." />
      <PasswordField fresh label="Password" />
    </Form>
  );
}
