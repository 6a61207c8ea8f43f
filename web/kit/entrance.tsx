import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ForgotForm } from "./forgot-form.tsx";
import { LoginForm } from "./login-form.tsx";
import { Mailed } from "./mailed.tsx";
import { RegisterForm } from "./register-form.tsx";

interface Props {
  /** The id of the heading. */
  id: string;
  title: string;
  reason?: string;
  /** Why a login is asked for; null if only because nobody is logged in. */
  why: string | null;
}

type View = "login" | "register" | "forgot" | "registered" | "unproven" | "reset-sent";

const titles: Record<Exclude<View, "login">, string> = {
  register: "Create an account",
  forgot: "Forgotten your password?",
  registered: "Look into your mailbox",
  unproven: "Look into your mailbox",
  "reset-sent": "Look into your mailbox",
};

/** The login form, with the ways to a new account or a new password. */
export function Entrance({ id, title, reason, why }: Props) {
  const [view, setView] = useState<View>("login");
  const [email, setEmail] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const start = useRef(true);
  useLayoutEffect(() => {
    if (!start.current) heading.current?.scrollIntoView({ block: "nearest" }); // the forms have the focus in their first field
    start.current = false;
  }, [view]);

  const mailed = (next: View) => (address: string) => {
    setEmail(address);
    setView(next);
  };
  const address = <strong class="address"><bdi>{email}</bdi></strong>;
  return (
    <>
      <h2 id={id} ref={heading}>{view === "login" ? title : titles[view]}</h2>
      {view === "login" && reason && <p class="hint">{reason}</p>}
      {view === "forgot" && <p class="hint">We send you a link with which you set a new one.</p>}
      {view === "login" && (
        <LoginForm why={why} unproven={mailed("unproven")}>
          <p class="ways">
            <button type="button" class="plain" data-testid="to-register" onClick={() => setView("register")}>Create an account</button>
            <button type="button" class="plain" data-testid="to-forgot" onClick={() => setView("forgot")}>Forgotten your password?</button>
          </p>
        </LoginForm>
      )}
      {view === "register" && <RegisterForm mailed={mailed("registered")} />}
      {view === "forgot" && <ForgotForm mailed={mailed("reset-sent")} />}
      {view === "registered" && <Mailed path="/verify-email/send" email={email}>We have sent a mail to {address}. Follow the link in it, then log in.</Mailed>}
      {view === "unproven" && <Mailed path="/verify-email/send" email={email}>If {address} waits to be confirmed, a mail with a new link is on its way. Follow the link in it, then log in.</Mailed>}
      {view === "reset-sent" && <Mailed path="/forgot-password" email={email}>If there is an account for {address}, a mail with a link to set a new password is on its way.</Mailed>}
      {view !== "login" && <p class="ways"><button type="button" class="plain" data-testid="to-login" onClick={() => setView("login")}>Back to the login</button></p>}
    </>
  );
}
