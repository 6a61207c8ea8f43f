import { useContext, useState } from "preact/hooks";
import { CodeField } from "./field.tsx";
import { FormContext } from "./form.tsx";

/** Asks for a code of the authenticator app, or a recovery code. `next`: one has just been used. */
export function CodeStep({ first = false, next = false }: { first?: boolean; next?: boolean }) {
  const { id } = useContext(FormContext);
  const [recovery, setRecovery] = useState(false);
  const [turned, setTurned] = useState(false);
  function turn() {
    setRecovery(!recovery);
    setTurned(true);
  }
  return (
    <>
      <CodeField
        key={`${recovery} ${next}`} first={first || turned} recovery={recovery}
        hint={next ? "The one before has been used: wait for the next." : recovery ? "One of those that you kept. Each is good once." : "Six digits."}
      />
      <button type="button" class="plain left" data-testid={`${id}-recovery`} onClick={turn}>
        {recovery ? "Use the app instead" : "Use a recovery code instead"}
      </button>
    </>
  );
}
