import { CodeStep } from "./code-step.tsx";
import { PasswordField } from "./field.tsx";
import { Form } from "./form.tsx";
import { notYours, useCode } from "./proof.tsx";
import { finish, post, securityState } from "./security.ts";
import { latchkey } from "./session.ts";

/** Sets a new password, which ends all other sessions of the user. */
export function PasswordChangeForm() {
  const [withCode, want] = useCode();
  async function send({ password, newPassword, code }: Record<string, string>) {
    try {
      await post("/password", { currentPassword: password, password: newPassword, ...(withCode && { code: code!.trim() }) });
    } catch (error) {
      want(error);
      throw error;
    }
    finish("Your password is changed. You’re logged out everywhere else.");
  }
  return (
    <Form id="password" submit="Change password" submitting="Changing it…" send={send} said={notYours}>
      <input name="username" autocomplete="username" value={latchkey.state.user?.email ?? ""} readOnly hidden /> {/* for password managers */}
      <PasswordField first label="Your password now" />
      <PasswordField fresh />
      {withCode && <CodeStep first={!securityState.value.factors?.authenticator} />}
    </Form>
  );
}
