import { render } from "preact";
import { useEffect } from "preact/hooks";
import { useCell } from "../kit/cell.ts";
import { MailLinkForms } from "../kit/mail-link-forms.tsx";
import { mailLink, type MailLink } from "../kit/mail-link.ts";

const titles: Record<MailLink["what"], string> = { "verify-email": "Confirm your email address", "reset-password": "Choose a new password" };

/**
 * The gateway's page for the links in mails, for apps without one. It does not care who is logged
 * in.
 */
function Page() {
  const link = useCell(mailLink);
  const title = link ? titles[link.what] : "Your account";
  useEffect(() => void (document.title = `${title} · ${location.host}`), [title]);
  return (
    <>
      <header class="site">{location.host}</header>
      <main class="sheet">{link ? <MailLinkForms link={link} heading="h1" then={goOn} below={<p class="ways"><a class="plain" href="/">Go to {location.host}</a></p>} /> : <NoLink />}</main>
    </>
  );
}

function goOn(text: string) {
  return (
    <>
      <p class="hint">{text}</p>
      <a class="primary" href="/" data-testid="mail-link-go-on">Go to {location.host}</a>
    </>
  );
}

/** The address does not keep the id, so a reload loses it. */
function NoLink() {
  return (
    <div class="form">
      <h1>Open the link in your mail again</h1>
      <p class="hint">This page works only when you come to it from a link that we sent you.</p>
      <a class="primary" href="/">Go to {location.host}</a>
    </div>
  );
}

const root = document.getElementById("app");
if (!root) throw new Error("the page has no #app");
root.replaceChildren();
render(<Page />, root);
