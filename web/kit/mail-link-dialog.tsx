import { useLayoutEffect, useRef } from "preact/hooks";
import { useCell } from "./cell.ts";
import { MailLinkForms } from "./mail-link-forms.tsx";
import { mailLink } from "./mail-link.ts";
import { useSession } from "./session.ts";

/** What the links in mails open, over the page. Use it once in a page. */
export function MailLinkDialog({ logIn }: { logIn: () => void }) {
  const link = useCell(mailLink);
  const { phase } = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { // immediately: the page behind is usable as soon as its button is pressed
    if (!link) return;
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, [link]);
  const close = () => void (mailLink.value = null);
  function goOn() {
    close();
    if (phase === "out" || phase === "unreachable") logIn();
  }
  const then = (text: string) => (
    <>
      <p class="hint">{phase === "in" ? "" : text}</p>
      <button type="button" class="primary" data-testid="mail-link-go-on" onClick={goOn}>{phase === "in" ? "Go on" : "Log in"}</button>
    </>
  );
  return (
    <dialog ref={dialog} class="login-dialog" aria-labelledby="mail-link-title" onClose={close}>
      {link && <MailLinkForms link={link} heading="h2" then={then} below={<p class="ways"><button type="button" class="plain" onClick={close}>Not now</button></p>} />}
    </dialog>
  );
}
