import { Problem } from "../../client/src/index.ts";
import { latchkey, route } from "./session.ts";

/** Whether this browser has passkeys, and reads and writes them as JSON. */
export const passkeysWork = typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** A credential as JSON. */
type Answer = ReturnType<PublicKeyCredential["toJSON"]>;

/** Makes the browser create a passkey. Throws a Problem. */
export function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<Answer> {
  return answer("No passkey was made. Try again when you like.", () => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));
}

/** Makes the browser sign with a passkey: for a login, or as a proof. Throws a Problem. */
export async function signByPasskey(email: string): Promise<Answer> {
  const { options } = await latchkey.json<{ options: PublicKeyCredentialRequestOptionsJSON }>(route("/passkey-login/options"), { method: "POST", body: { email } });
  return answer("No passkey was used. Try again, or use your password.", () => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
}

async function answer(unused: string, ask: () => Promise<Credential | null>): Promise<Answer> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "InvalidStateError") throw new Problem("passkey_exists", { detail: "This device has a passkey for your account already." });
  }
  throw new Problem("passkey_unused", { detail: unused });
}
