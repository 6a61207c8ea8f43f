import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useCell } from "./cell.ts";
import { PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { mailLink } from "./mail-link.ts";
import { latchkey, useSession } from "./session.ts";

/** Where the links of mails lead: over the page, whatever it shows. Stands once in the page. */
export function MailLinkDialog({ logIn }: { logIn: () => void }) {
  const link = useCell(mailLink);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { // at once: the page behind is in reach again when its button is pressed
    if (!link) return;
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, [link]);
  const close = () => void (mailLink.value = null);
  return (
    <dialog ref={dialog} class="login-dialog" aria-labelledby="mail-link-title" onClose={close}>
      {link?.what === "verify-email" && <Verify key={link.id} id={link.id} close={close} logIn={logIn} />}
      {link?.what === "reset-password" && <Reset key={link.id} id={link.id} close={close} logIn={logIn} />}
    </dialog>
  );
}

interface Props {
  id: string;
  close: () => void;
  logIn: () => void;
}

/** A button proves the address, not the opening of the page: programs that look through mails open links, too. */
function Verify({ id, close, logIn }: Props) {
  const [done, setDone] = useState(false);
  async function send() {
    await latchkey.json("/api/verify-email", { method: "POST", body: { id } });
    setDone(true);
  }
  if (done) return <Done title="Your address is confirmed" text="You can log in now." close={close} logIn={logIn} />;
  return (
    <>
      <h2 id="mail-link-title">Confirm your email address</h2>
      <p class="hint">If you have just created an account here, confirm that this mailbox is yours. If not, close this page: nothing happens.</p>
      <Form id="verify" submit="Confirm my address" submitting="Confirming…" send={send} said={{ link_invalid: "This link has been used, or is too old. Log in: if your address isn’t confirmed yet, you can have another mail sent from there." }}>{null}</Form>
      <Later close={close} />
    </>
  );
}

function Reset({ id, close, logIn }: Props) {
  const [passkeys, setPasskeys] = useState<number | null>(null);
  async function send({ newPassword }: Record<string, string>) {
    const answer = await latchkey.json<{ passkeys: number }>("/api/reset-password", { method: "POST", body: { id, password: newPassword } });
    setPasskeys(answer.passkeys);
  }
  if (passkeys !== null) {
    return (
      <Done title="Your new password is set" text="Log in with it. Wherever you were logged in before, you will be asked for it, too." close={close} logIn={logIn}>
        {passkeys > 0 && <StillOpen passkeys={passkeys} />}
      </Done>
    );
  }
  return (
    <>
      <h2 id="mail-link-title">Set a new password</h2>
      <Form id="reset" submit="Set the password" submitting="Setting it…" send={send} said={{ link_invalid: "This link has been used, or is too old. Have another one sent: “Forgotten your password?” stands below the login." }}>
        <PasswordField fresh first />
      </Form>
      <Later close={close} />
    </>
  );
}

/** A new password shuts out nobody who has put a passkey there. */
function StillOpen({ passkeys }: { passkeys: number }) {
  return (
    <p data-testid="reset-passkeys">
      {passkeys === 1 ? "One passkey still opens your account without the password." : `${passkeys} passkeys still open your account without the password.`}{" "}
      Make sure that {passkeys === 1 ? "it is" : "all of them are"} yours: once you’re logged in, press your name, then “Change how you log in”.
    </p>
  );
}

function Later({ close }: { close: () => void }) {
  return <p class="ways"><button type="button" class="plain" onClick={close}>Not now</button></p>;
}

function Done({ title, text, close, logIn, children }: Omit<Props, "id"> & { title: string; text: string; children?: ComponentChildren }) {
  const { phase } = useSession();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  function goOn() {
    close();
    if (phase === "out" || phase === "unreachable") logIn();
  }
  return (
    <div class="form" data-testid="mail-link-done">
      <h2 id="mail-link-title" ref={heading} tabIndex={-1}>{title}</h2>
      <p class="hint">{phase === "in" ? "" : text}</p>
      {children}
      <button type="button" class="primary" data-testid="mail-link-go-on" onClick={goOn}>{phase === "in" ? "Go on" : "Log in"}</button>
    </div>
  );
}
