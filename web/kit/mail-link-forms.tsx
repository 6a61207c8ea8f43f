import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../client/src/index.ts";
import { EmailField, PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import type { MailLink } from "./mail-link.ts";
import { Mailed, type MailPath } from "./mailed.tsx";
import { latchkey, route } from "./session.ts";

interface Props {
  link: MailLink;
  /** The level of the heading, whose id is "mail-link-title". */
  heading: "h1" | "h2";
  /** Content below a form, such as a way to leave. */
  below?: ComponentChildren;
  /** Content below the success message. */
  then: (text: string) => ComponentChildren;
}

/** Carries out what a link in a mail is for, once its reader confirms. */
export function MailLinkForms(props: Props) {
  const Step = props.link.what === "verify-email" ? Verify : Reset;
  return <Step key={props.link.id} {...props} />;
}

/**
 * Submitting the form verifies the address; opening the page does not, because mail scanners open
 * links too. It needs the password: somebody else may have registered this address, and must not
 * get in because the owner of the mailbox confirms it.
 */
function Verify({ link: { id }, heading: Heading, below, then }: Props) {
  const [good, setGood] = useState<Good | "invalid" | null>(null);
  const [step, setStep] = useState<"confirm" | "done" | "renew">("confirm");
  useEffect(() => void check("/verify-email/check", id).then(setGood), []);

  async function send({ password }: Record<string, string>) {
    try {
      await latchkey.json(route("/verify-email"), { method: "POST", body: { id, password } });
      setStep("done");
    } catch (error) {
      if (!isInvalid(error)) throw error;
      setGood("invalid");
    }
  }
  if (step === "done") return <Done title="Your email address is confirmed" Heading={Heading}>{then("You can log in now.")}</Done>;
  if (step === "renew") {
    return (
      <Renew Heading={Heading} below={below} path="/forgot-password" title="Choose a new password">
        We can send you a link for that. It confirms your address too.
      </Renew>
    );
  }
  if (good === "invalid") {
    return (
      <Invalid Heading={Heading} below={below} path="/verify-email/send">
        If you have confirmed your address already, just log in. If not, we can send you a new link.
      </Invalid>
    );
  }
  return (
    <>
      <Heading id="mail-link-title">Confirm your email address</Heading>
      {good === null && <p class="hint" role="status">Checking the link…</p>}
      {good?.email && <p class="hint">For <strong class="address"><bdi>{good.email}</bdi></strong></p>}
      {good && (
        <>
          <p class="hint">Did you just create an account here? Then confirm it with the password that you chose. If it wasn’t you, close this page and nothing happens.</p>
          <Form id="verify" submit="Confirm my address" submitting="Confirming…" send={send} said={notChosen}
            below={<button type="button" class="plain" data-testid="verify-renew" onClick={() => setStep("renew")}>I don’t know the password</button>}
          >
            {good.email && <input type="text" hidden readOnly autocomplete="username" value={good.email} />}
            <PasswordField first />
          </Form>
        </>
      )}
      {below}
    </>
  );
}

const notChosen = { invalid_credentials: "This isn’t the password of this account. If you’re sure that it’s the one you chose, somebody else has made the account: choose a new password." };

/** What the backend knows about a valid link. */
interface Good {
  email?: string;
  passwordMinLength?: number;
}

/** Asks for a new password, after checking that the link is valid. */
function Reset({ link: { id }, heading: Heading, below, then }: Props) {
  const [good, setGood] = useState<Good | "invalid" | null>(null);
  const [passkeys, setPasskeys] = useState<number | null>(null);
  useEffect(() => void check("/reset-password/check", id).then(setGood), []);

  async function send({ newPassword }: Record<string, string>) {
    try {
      const answer = await latchkey.json<{ passkeys: number }>(route("/reset-password"), { method: "POST", body: { id, password: newPassword } });
      setPasskeys(answer.passkeys);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      setGood("invalid");
    }
  }
  if (passkeys !== null) {
    return (
      <Done title="Your new password is set" Heading={Heading}>
        {passkeys > 0 && <StillOpen passkeys={passkeys} />}
        {then("Log in with it. Wherever you were logged in before, you’ll be asked for it too.")}
      </Done>
    );
  }
  if (good === "invalid") return <Invalid Heading={Heading} below={below} path="/forgot-password">We can send you a new one.</Invalid>;
  return (
    <>
      <Heading id="mail-link-title">Choose a new password</Heading>
      {good === null && <p class="hint" role="status">Checking the link…</p>}
      {good?.email && <p class="hint">For <strong class="address"><bdi>{good.email}</bdi></strong></p>}
      {good && (
        <Form id="reset" submit="Set the password" submitting="Setting it…" send={send}>
          {good.email && <input type="text" hidden readOnly autocomplete="username" value={good.email} />}
          <PasswordField fresh first least={good.passwordMinLength ?? 1} />
        </Form>
      )}
      {below}
    </>
  );
}

/** If the backend cannot tell, the form appears anyway: submitting it will. */
async function check(path: "/reset-password/check" | "/verify-email/check", id: string): Promise<Good | "invalid"> {
  try {
    return await latchkey.json<Good>(route(path), { method: "POST", body: { id } });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.code === "link_invalid" ? "invalid" : {};
  }
}

const isInvalid = (error: unknown) => error instanceof Problem && error.code === "link_invalid";

interface Renewal {
  Heading: Props["heading"];
  below?: ComponentChildren;
  path: MailPath;
  children: ComponentChildren;
}

function Invalid({ children, ...renewal }: Renewal) {
  return (
    <Renew {...renewal} title="This link no longer works">
      <span data-testid="mail-link-invalid">It has been used, or it is too old. {children}</span>
    </Renew>
  );
}

/** Offers a mail with a new link. */
function Renew({ Heading, below, path, title, children }: Renewal & { title: string }) {
  const heading = useFocus();
  const [sentTo, setSentTo] = useState("");
  if (sentTo) {
    return (
      <>
        <Heading id="mail-link-title">Check your mail</Heading>
        <Mailed path={path} email={sentTo}>If <strong class="address"><bdi>{sentTo}</bdi></strong> needs one, a mail with a new link is on its way.</Mailed>
        {below}
      </>
    );
  }
  return (
    <>
      <Heading id="mail-link-title" ref={heading} tabIndex={-1}>{title}</Heading>
      <p class="hint">{children}</p>
      <NewLink path={path} sent={setSentTo} />
      {below}
    </>
  );
}

/** Asks for the address, and sends a mail with a new link there. */
function NewLink({ path, sent }: { path: MailPath; sent: (email: string) => void }) {
  async function send({ email }: Record<string, string>) {
    const address = email!.trim();
    await latchkey.json(route(path), { method: "POST", body: { email: address } });
    sent(address);
  }
  return (
    <Form id="new-link" submit="Send a new link" submitting="Sending…" send={send}>
      <EmailField />
    </Form>
  );
}

function Done({ title, Heading, children }: { title: string; Heading: Props["heading"]; children: ComponentChildren }) {
  const heading = useFocus();
  return (
    <div class="form" data-testid="mail-link-done">
      <Heading id="mail-link-title" ref={heading} tabIndex={-1}>{title}</Heading>
      {children}
    </div>
  );
}

/** Makes a screen reader announce a heading that replaces another. */
function useFocus() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return heading;
}

/** A new password does not shut out anyone who has added a passkey. */
function StillOpen({ passkeys }: { passkeys: number }) {
  return (
    <p data-testid="reset-passkeys">
      {passkeys === 1 ? "One passkey still opens your account without the password." : `${passkeys} passkeys still open your account without the password.`}{" "}
      Make sure that {passkeys === 1 ? "it is" : "all of them are"} yours: log in, and look at how you log in.
    </p>
  );
}
