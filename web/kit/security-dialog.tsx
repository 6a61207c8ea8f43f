import { useLayoutEffect, useRef } from "preact/hooks";
import type { TargetedEvent, TargetedMouseEvent } from "preact";
import { openerId } from "./account.tsx";
import { AuthenticatorForm, AuthenticatorOffForm, CodesForm } from "./authenticator.tsx";
import { useCell } from "./cell.ts";
import { hush, Cross } from "./notice.tsx";
import { PasswordChangeForm } from "./password-change.tsx";
import { PasskeyForm, PasskeyRemoveForm } from "./passkey-forms.tsx";
import { RecoveryCodes } from "./recovery-codes.tsx";
import { closeSecurity, finish, securityState, taskKey, type Task } from "./security.ts";
import { SecurityOverview } from "./security-overview.tsx";

/** How the user logs in: password, authenticator, passkeys. Use it once in a page. */
export function SecurityDialog() {
  const { open, task, codes } = useCell(securityState);
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (!open) return;
    hush();
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      document.getElementById(openerId)?.focus();
    };
  }, [open]);

  function back(event: TargetedEvent<HTMLDialogElement>) {
    if (!task) return;
    event.preventDefault(); // one step back, not all the way; and codes are shown only once
    if (!codes) finish();
  }

  function closed() {
    if (securityState.value.codes) dialog.current?.showModal(); // Chromium lets nobody prevent a second Escape
    else closeSecurity();
  }

  function clickBeside({ target, currentTarget }: TargetedMouseEvent<HTMLDialogElement>) {
    if (target === currentTarget && !task) closeSecurity(); // what is being typed is not lost by a slip
  }

  return (
    <dialog ref={dialog} class="sessions security" aria-labelledby="security-title" onClose={closed} onCancel={back} onClick={clickBeside}>
      {open && <Content task={task} codes={codes} />}
    </dialog>
  );
}

function Content({ task, codes }: { task: Task | null; codes: readonly string[] | null }) {
  const { done } = useCell(securityState);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef<Task | null>(null);
  useLayoutEffect(() => {
    const key = before.current && taskKey(before.current);
    if (!task) (key ? document.querySelector<HTMLElement>(`[data-task="${key}"]`) ?? heading.current : heading.current)?.focus();
    before.current = task;
  }, [task]);
  return (
    <div class="inside">
      <div class="head">
        <h2 id="security-title" ref={heading} tabIndex={-1} autofocus>{titleOf(task, codes)}</h2>
        {!codes && (
          <button type="button" class="icon" aria-label="Close" data-testid="security-close" onClick={closeSecurity}>
            <Cross />
          </button>
        )}
      </div>
      <p class="done" role="status" data-testid="security-done">{done}</p>
      <div class="scroll">{codes ? <RecoveryCodes codes={codes} /> : task ? <TaskForm task={task} /> : <SecurityOverview />}</div>
      {task && !codes && <p class="ways"><button type="button" class="plain" data-testid="security-back" onClick={() => finish()}>Back</button></p>}
    </div>
  );
}

function TaskForm({ task }: { task: Task }) {
  switch (task) {
    case "password":
      return <PasswordChangeForm />;
    case "authenticator":
      return <AuthenticatorForm />;
    case "authenticator-off":
      return <AuthenticatorOffForm />;
    case "codes":
      return <CodesForm />;
    case "passkey":
      return <PasskeyForm />;
    default:
      return <PasskeyRemoveForm passkey={task.remove} />;
  }
}

const titles = {
  password: "Change your password", authenticator: "Set up an authenticator app", "authenticator-off": "Switch the authenticator off",
  codes: "New recovery codes", passkey: "Add a passkey",
};

function titleOf(task: Task | null, codes: readonly string[] | null): string {
  if (codes) return "Keep your recovery codes";
  if (!task) return "How you log in";
  return typeof task === "string" ? titles[task] : "Remove this passkey?";
}
