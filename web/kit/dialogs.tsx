import { LoginDialog } from "./login-dialog.tsx";
import { MailLinkDialog } from "./mail-link-dialog.tsx";
import { Notices } from "./notice.tsx";
import { SecurityDialog } from "./security-dialog.tsx";
import { SessionsDialog } from "./sessions-dialog.tsx";

interface Props {
  /** Why a login is asked for in place. */
  reason: string;
  /** Asks for a login if nobody is logged in. */
  logIn: () => void;
}

/** Every dialog about the login. Use it once in a page. */
export function Dialogs({ reason, logIn }: Props) {
  return (
    <>
      <Notices />
      <SessionsDialog />
      <SecurityDialog />
      <LoginDialog reason={reason} />
      <MailLinkDialog logIn={logIn} />
    </>
  );
}
