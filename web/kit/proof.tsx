import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../../client/src/index.ts";
import { CodeStep } from "./code-step.tsx";
import { PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { passkeysWork, signByPasskey } from "./passkeys.ts";
import { securityState } from "./security.ts";
import { latchkey } from "./session.ts";

/** A proof that the same person is still at the keyboard. */
export type Proof = { password: string; code?: string } | { passkey: unknown };

/** The hint at what is asked for again. */
export const notYours = { invalid_credentials: "That isn’t your password.", passkey_refused: "This passkey can’t be used here. Try another one." };

/** Whether a code is needed besides the password: as far as the page or the server knows. */
export function useCode(): [boolean, (problem: unknown) => void] {
  const [wanted, setWanted] = useState(securityState.value.factors?.authenticator ?? false);
  return [wanted, (problem) => void (problem instanceof Problem && problem.code === "two_factor_required" && setWanted(true))];
}

interface Props {
  id: string;
  submit: string;
  submitting: string;
  /** The names of the fields besides the proof. */
  needs?: string[];
  /** Set if the first field of the form is the password. */
  first?: boolean;
  /** Set if a code is needed besides the password for users with an authenticator. */
  full?: boolean;
  send: (proof: Proof, values: Record<string, string>) => Promise<void>;
  said?: Record<string, string>;
  children: ComponentChildren;
}

/** A form that needs a proof: the password, or a passkey instead if the user has one. */
export function ProvedForm({ needs = [], first = false, full = false, send, said, children, ...form }: Props) {
  const [wanted, want] = useCode();
  const withCode = full && wanted;
  const { factors } = securityState.value;
  const email = latchkey.state.user?.email;

  async function byPassword(values: Record<string, string>) {
    try {
      await send({ password: values.password!, ...(withCode && { code: values.code!.trim() }) }, values);
    } catch (error) {
      want(error);
      throw error;
    }
  }
  const byPasskey = {
    name: "by-passkey", submit: "Use a passkey instead", submitting: "Waiting for your passkey…", needs,
    send: async (values: Record<string, string>) => send({ passkey: await signByPasskey(email!) }, values),
  };
  return (
    <Form {...form} send={byPassword} said={{ ...notYours, ...said }} other={passkeysWork && email && factors?.passkeys.length ? byPasskey : undefined}>
      <input name="username" autocomplete="username" value={email ?? ""} readOnly hidden /> {/* for password managers */}
      {children}
      <PasswordField first={first} label="Your password" />
      {withCode && <CodeStep first={!factors?.authenticator} />}
    </Form>
  );
}
