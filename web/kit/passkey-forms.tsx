import { Problem } from "../../client/src/index.ts";
import { Field } from "./field.tsx";
import { makePasskey } from "./passkeys.ts";
import { ProvedForm, type Proof } from "./proof.tsx";
import { finish, post, type Passkey } from "./security.ts";

/** Makes the browser create a passkey, and registers it. Its name has at most 100 bytes. */
export function PasskeyForm() {
  async function send(proof: Proof, { name }: Record<string, string>) {
    const { options } = await post<{ options: PublicKeyCredentialCreationOptionsJSON }>("/passkeys/options", { ...proof, name: name!.trim() });
    const credential = await makePasskey(options);
    await post("/passkeys", { credential });
    finish(`The passkey “${name!.trim()}” is yours now. Next time, log in with it.`);
  }
  return (
    <ProvedForm id="passkey" submit="Add a passkey" submitting="Waiting for your device…" needs={["name"]} full send={send}>
      <Field name="name" label="Name" first hint="So that you know it again, for example “Phone”." input={{ required: true, maxLength: 33, pattern: ".*\\S.*", autocapitalize: "sentences", autocomplete: "off" }} />
    </ProvedForm>
  );
}

export function PasskeyRemoveForm({ passkey: { id, name } }: { passkey: Passkey }) {
  async function send(proof: Proof) {
    try {
      await post(`/passkeys/${encodeURIComponent(id)}/remove`, proof);
    } catch (error) {
      if (!(error instanceof Problem && error.code === "not_found")) throw error; // it is gone already, as intended
    }
    finish(`The passkey “${name}” is removed. Your device may offer it still: remove it there, too.`);
  }
  return (
    <ProvedForm id="passkey-gone" submit="Remove it" submitting="Removing it…" first send={send}>
      <p>“<bdi>{name}</bdi>” will not log you in any more.</p>
    </ProvedForm>
  );
}
