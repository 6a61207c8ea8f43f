import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../../client/src/index.ts";
import { CodeStep } from "./code-step.tsx";
import { EmailField, PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { passkeysWork, signByPasskey } from "./passkeys.ts";
import { latchkey } from "./session.ts";
import { Unproven } from "./unproven.tsx";

interface Props {
  /** Why a login is asked for; null if only because nobody is logged in. */
  why: string | null;
  /** Called with an unverified address to which a mail with a new link was sent. */
  unproven: (email: string) => void;
  /** Other ways in. */
  children: ComponentChildren;
}

/** What the server asks for besides the password. */
interface Steps {
  code?: boolean;
  newPassword?: boolean;
}

/** The login form. Each further step sends the whole form again. */
export function LoginForm({ why, unproven, children }: Props) {
  const [steps, setSteps] = useState<Steps>({});
  const [waiting, setWaiting] = useState("");
  const further = Boolean(steps.code || steps.newPassword);

  async function send({ email, password, remember, code, newPassword }: Record<string, string>) {
    const address = email!.trim();
    setWaiting("");
    try {
      await latchkey.login({
        email: address, password: password!, remember: remember !== "",
        ...(steps.code && { code: code!.trim() }), ...(steps.newPassword && { newPassword: newPassword! }),
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "two_factor_required") return setSteps({ ...steps, code: true });
      if (error.code === "password_change_required") return setSteps({ ...steps, newPassword: true });
      if (error.code === "invalid_credentials") setSteps({});
      if (mayBeUnproven(error) && address.includes("@")) setWaiting(address);
      throw error;
    }
  }

  async function sendPasskey({ email, remember }: Record<string, string>) {
    await latchkey.loginBy("/passkey-login", { credential: await signByPasskey(email!.trim()), remember: remember !== "" });
  }
  const passkey = { name: "passkey", submit: "Log in with a passkey", submitting: "Waiting for your passkey…", needs: ["email"], send: sendPasskey };

  return (
    <Form
      id="login" submit={further ? "Go on" : "Log in"} submitting="Logging in…" send={send} other={passkeysWork && !further ? passkey : undefined}
      below={further ? <p class="ways"><button type="button" class="plain" onClick={() => setSteps({})}>Use another account</button></p> : (
        <>
          {waiting && <Unproven key={waiting} email={waiting} sent={unproven} />}
          {children}
        </>
      )}
    >
      {why && !further && <p class="ended" data-testid="session-ended">{why}</p>}
      <div class="form" hidden={further}>
        <EmailField first input={{ pattern: undefined }} />
        <PasswordField />
        <label class="check">
          <input name="remember" type="checkbox" defaultChecked data-testid="login-remember" />
          Keep me signed in
        </label>
      </div>
      {steps.code && <CodeStep first next={Boolean(steps.newPassword)} />}
      {steps.newPassword && (
        <>
          <p>Your password has to be changed before you can go on.</p>
          <PasswordField fresh first={!steps.code} />
        </>
      )}
    </Form>
  );
}

/** With open registration, an unverified address is refused like an unknown one. */
function mayBeUnproven({ code }: Problem): boolean {
  return code === "invalid_credentials" || code === "email_not_verified";
}
