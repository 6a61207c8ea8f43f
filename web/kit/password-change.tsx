import { useState } from "preact/hooks";
import { Problem } from "../../client/src/index.ts";
import { CodeField, PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { say } from "./notice.tsx";
import { closeSecurity, finish, post, securityState } from "./security.ts";
import { latchkey } from "./session.ts";

/** Said of the password that is asked for again. */
export const notYours = { invalid_credentials: "That isn’t your password." };

/** Sets a new password, which ends all other sessions of the user's. */
export function PasswordChangeForm() {
  const [withCode, setWithCode] = useState(securityState.value.factors?.authenticator ?? false);
  async function send({ password, newPassword, code }: Record<string, string>) {
    try {
      await post("/api/password", { currentPassword: password, password: newPassword, ...(withCode && { code: code!.trim() }) });
      finish("Your password is changed. You’re logged out everywhere else.");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "two_factor_required") setWithCode(true);
      if (error.code !== "invalid_code") throw error;
      closeSecurity(); // the password is set before the code is tried, and this session is over
      say({ text: "Your password is changed. The code wasn’t right, though: log in with the new password and another code.", tone: "bad" });
      await latchkey.check();
    }
  }
  return (
    <Form id="password" submit="Change password" submitting="Changing it…" send={send} said={notYours}>
      <input name="username" autocomplete="username" value={latchkey.state.user?.email ?? ""} readOnly hidden /> {/* for password managers */}
      <PasswordField first label="Your password now" />
      <PasswordField fresh />
      {withCode && <CodeField />}
    </Form>
  );
}
