import { createContext, type ComponentChildren, type TargetedSubmitEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Problem, words } from "../../client/src/index.ts";
import { useSlow } from "./slow.ts";

/** What is wrong with a form, by the names of fields, or "" for the form as a whole. */
export type Wrong = Record<string, string>;

/** What the fields know about their form. */
export const FormContext = createContext<{ id: string; wrong: Wrong }>({ id: "", wrong: {} });

/** Another button of a form, with another way to send it. */
interface Way {
  name: string;
  submit: string;
  submitting: string;
  /** The names of the fields that it needs. */
  needs: string[];
  send: Props["send"];
}

interface Props {
  /** Marks the form for tests, and begins the ids of its parts. */
  id: string;
  submit: string;
  submitting: string;
  /** Submits the form. A Problem that it throws is shown at its field. */
  send: (values: Record<string, string>) => Promise<void>;
  /** Words for problems that mean something else here. */
  said?: Record<string, string>;
  other?: Way | undefined;
  /** Content below the buttons. */
  below?: ComponentChildren;
  children: ComponentChildren;
}

/** A form that shows errors at their fields, keeps what was typed, and shows that it is busy. */
export function Form({ id, submit, submitting, send, said = {}, other, below, children }: Props) {
  const [wrong, setWrong] = useState<Wrong>({});
  const [busy, setBusy] = useState<"" | "main" | "other">("");
  const slow = useSlow(busy !== "");
  const form = useRef<HTMLFormElement>(null);
  const alive = useRef(true);
  useLayoutEffect(() => () => void (alive.current = false), []);
  useLayoutEffect(() => { // immediately: the next key may already be pressed
    const [first] = Object.keys(wrong).filter(Boolean);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.select();
  }, [wrong]);

  async function submitted(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const way = other && event.submitter?.dataset.testid === `${id}-${other.name}` ? other : null;
    const inputs = [...event.currentTarget.querySelectorAll("input")];
    const complaints = Object.fromEntries(inputs.filter((input) => !input.validity.valid && (!way || way.needs.includes(input.name))).map((input) => [input.name, complaint(input)]));
    setWrong(complaints);
    if (Object.keys(complaints).length > 0) return;
    setBusy(way ? "other" : "main");
    try {
      await (way?.send ?? send)(Object.fromEntries(inputs.map(({ type, name, value, checked }) => [name, type === "checkbox" && !checked ? "" : value])));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (alive.current && error.code !== "declined") setWrong(wrongBy(error, said[error.code] ?? words(error), inputs.map(({ name }) => name)));
    } finally {
      if (alive.current) setBusy("");
    }
  }

  return (
    <form ref={form} class="form" method="post" noValidate data-testid={`${id}-form`} onSubmit={submitted} aria-busy={busy !== ""}>
      <FormContext.Provider value={{ id, wrong }}>{children}</FormContext.Provider>
      <p class="error" role="alert" id={`${id}-error`} data-testid={`${id}-error`}>{wrong[""]}</p>
      <button class="primary" data-testid={`${id}-submit`} aria-disabled={busy !== ""}>{busy === "main" ? submitting : submit}</button>
      {other && <button class="quiet" data-testid={`${id}-${other.name}`} aria-disabled={busy !== ""}>{busy === "other" ? other.submitting : other.submit}</button>}
      <p class="hint" role="status">{slow && "Still waiting for an answer…"}</p>
      {below}
    </form>
  );
}

const fieldOf: Record<string, string> = {
  email_refused: "email", email_taken: "email", password_refused: "newPassword", invalid_credentials: "password", invalid_code: "code", two_factor_required: "code",
};

/** A login does not reveal which of its fields is wrong. */
function wrongBy({ code }: Problem, said: string, names: string[]): Wrong {
  const field = fieldOf[code];
  if (!field || !names.includes(field)) return { "": said };
  if (code === "invalid_credentials" && names.includes("email")) return { password: "", email: "", "": said };
  return { [field]: said };
}

function complaint({ validity, value, minLength }: HTMLInputElement): string {
  if (validity.valueMissing) return "This is needed.";
  if (validity.patternMismatch) return "An email address has an @ in it.";
  if (validity.tooShort) return `At least ${minLength} characters are needed; there are ${value.length}.`;
  return "This can’t be used.";
}
