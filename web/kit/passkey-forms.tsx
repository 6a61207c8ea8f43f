import { Problem } from "../../client/src/index.ts";
import { Field, PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { notYours } from "./password-change.tsx";
import { makePasskey } from "./passkeys.ts";
import { finish, post, type Passkey } from "./security.ts";
import { latchkey } from "./session.ts";

/** Has the browser make a passkey, and the server know it. A name has at most 100 bytes there. */
export function PasskeyForm() {
  async function send({ name, password }: Record<string, string>) {
    const { options } = await post<{ options: PublicKeyCredentialCreationOptionsJSON }>("/api/passkeys/options", { password, name: name!.trim() });
    const credential = await makePasskey(options);
    await post("/api/passkeys", { credential });
    finish(`The passkey “${name!.trim()}” is yours now. Next time, log in with it.`);
  }
  const said = { ...notYours, passkey_unused: "No passkey was made. Try again when you like.", passkey_refused: "This passkey can’t be used here. Try another device." };
  return (
    <Form id="passkey" submit="Add a passkey" submitting="Waiting for your device…" send={send} said={said}>
      <Field name="name" label="Name" first hint="So that you know it again, for example “Phone”." input={{ required: true, maxLength: 33, pattern: ".*\\S.*", autocapitalize: "sentences", autocomplete: "off" }} />
      <PasswordField label="Your password" />
    </Form>
  );
}

export function PasskeyRemoveForm({ passkey: { id, name } }: { passkey: Passkey }) {
  async function send() {
    try {
      await latchkey.json("/api/passkeys/" + encodeURIComponent(id), { method: "DELETE" });
    } catch (error) {
      if (!(error instanceof Problem && error.code === "not_found")) throw error; // it is gone: that is what was wanted
    }
    finish(`The passkey “${name}” is removed. Your device may offer it still: remove it there, too.`);
  }
  return (
    <Form id="passkey-gone" submit="Remove it" submitting="Removing it…" send={send}>
      <p>“<bdi>{name}</bdi>” will not log you in any more.</p>
    </Form>
  );
}
