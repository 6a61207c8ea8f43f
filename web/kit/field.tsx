import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useContext, useLayoutEffect, useRef, useState } from "preact/hooks";
import { FormContext } from "./form.tsx";

/** The minimum length of a new password: the embedded provider's rule, shown in advance. */
export const passwordMin = 15;

interface Props {
  name: string;
  label: string;
  hint?: string;
  /** Has the focus when it appears. */
  first?: boolean;
  input?: InputHTMLAttributes<HTMLInputElement>;
  children?: ComponentChildren;
}

/** A field with its label, a hint, and what is wrong with its value. */
export function Field({ name, label, hint, first, input, children }: Props) {
  const { id, wrong } = useContext(FormContext);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => void (first && field.current?.focus()), []);
  const own = `${id}-${name}`;
  return (
    <div class="field">
      <label for={own}>{label}</label>
      {hint && <p class="hint" id={`${own}-hint`}>{hint}</p>}
      <div class={children ? "with-toggle" : undefined}>
        <input
          ref={field} id={own} name={name} type="text" autocapitalize="none" spellcheck={false} maxLength={255} data-testid={own}
          aria-invalid={name in wrong} aria-describedby={`${hint ? `${own}-hint ` : ""}${own}-error ${id}-error`} {...input}
        />
        {children}
      </div>
      <p class="error" id={`${own}-error`} role="alert" data-testid={`${own}-error`}>{wrong[name]}</p>
    </div>
  );
}

export function EmailField(more: Partial<Props>) {
  return (
    <Field
      name="email" label="Email" {...more}
      input={{ inputMode: "email", autocomplete: "username", required: true, pattern: ".*[^@\\s]@[^@\\s].*", ...more.input }}
    />
  );
}

/** A password, which can be shown. `least`: its minimum length; 1 if the rule is unknown. */
export function PasswordField({ fresh, least = passwordMin, ...more }: Partial<Props> & { fresh?: boolean; least?: number }) {
  const [shown, setShown] = useState(false);
  const input = {
    type: shown ? "text" : "password", required: true, maxLength: 1024,
    autocomplete: fresh ? "new-password" : "current-password", ...(fresh && { minLength: least }),
  } as InputHTMLAttributes<HTMLInputElement>;
  return (
    <Field
      name={fresh ? "newPassword" : "password"} label={fresh ? "New password" : "Password"} {...more} input={input}
      {...(fresh && { hint: `${least > 1 ? `At least ${least} characters. ` : ""}A few words in a row are easy to remember.` })}
    >
      <button type="button" class="plain" aria-pressed={shown} aria-label="Show password" onClick={() => setShown(!shown)}>
        {shown ? "Hide" : "Show"}
      </button>
    </Field>
  );
}

/** A code of an authenticator app. Recovery codes have letters: they need another keyboard. */
export function CodeField({ recovery, ...more }: Partial<Props> & { recovery?: boolean }) {
  return (
    <Field
      name="code" label={recovery ? "Recovery code" : "Code of your authenticator app"} {...more}
      input={{ inputMode: recovery ? "text" : "numeric", autocomplete: recovery ? "off" : "one-time-code", required: true, maxLength: 64 }}
    />
  );
}
