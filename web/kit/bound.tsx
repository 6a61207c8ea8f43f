import { useState } from "preact/hooks";

const meaning = "If someone copies this login, the copy stops working within minutes.";

/**
 * The badge of a session that is tied to its device. On hover, and when pressed, it says what that
 * means.
 */
export function Bound({ id, here }: { id: string; here: boolean }) {
  const [open, setOpen] = useState(false);
  const about = `session-bound-about-${id}`;
  return (
    <>
      <button
        type="button" class="bound" data-testid={`session-bound-${id}`} title={open ? undefined : meaning} aria-expanded={open} aria-controls={about}
        onClick={() => setOpen(!open)}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M10 7H7a5 5 0 0 0 0 10h3M14 7h3a5 5 0 0 1 0 10h-3M8.5 12h7" />
        </svg>
        {here ? "Tied to this device" : "Tied to its device"}
      </button>
      <p id={about} hidden={!open}>{meaning}</p>
    </>
  );
}
