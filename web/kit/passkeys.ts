import { Problem } from "../../client/src/index.ts";

/** Whether this browser has passkeys, and reads and writes them as JSON. */
export const passkeysWork = typeof PublicKeyCredential === "function" && "parseRequestOptionsFromJSON" in PublicKeyCredential && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** A credential as JSON. */
type Answer = ReturnType<PublicKeyCredential["toJSON"]>;

/** Has the browser make a passkey. Throws a Problem. */
export function makePasskey(options: PublicKeyCredentialCreationOptionsJSON): Promise<Answer> {
  return answer(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));
}

/** Has the browser sign with a passkey that it has. Throws a Problem. */
export function usePasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<Answer> {
  return answer(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
}

async function answer(ask: () => Promise<Credential | null>): Promise<Answer> {
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential.toJSON();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (error.name === "InvalidStateError") throw new Problem("passkey_exists", { detail: "This device has a passkey for your account already." });
  }
  throw new Problem("passkey_unused", { detail: "No passkey was used. Try again, or log in another way." });
}
