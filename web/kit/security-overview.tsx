import type { ComponentChildren } from "preact";
import { words } from "../../client/src/index.ts";
import { Ago } from "./ago.tsx";
import { useCell } from "./cell.ts";
import { passkeysWork } from "./passkeys.ts";
import { begin, closeSecurity, loadFactors, securityState, taskKey, type Passkey, type Task } from "./security.ts";
import { openSessions } from "./sessions.ts";
import { useSlow } from "./slow.ts";

/** All the ways in which the user logs in, and what can be changed about each. */
export function SecurityOverview() {
  const { factors, problem } = useCell(securityState);
  const slow = useSlow(!factors && !problem);
  return (
    <>
      <div role="alert">
        {problem && (
          <div class="trouble-here">
            <p>{words(problem)}</p>
            <button type="button" class="quiet" onClick={() => void loadFactors()}>Try again</button>
          </div>
        )}
      </div>
      <p class="hint" role="status">{slow && "This takes longer than usual…"}</p>
      {!factors && !problem && <ul aria-busy="true" aria-label="Loading"><li class="session skeleton" /><li class="session skeleton" /></ul>}
      {factors && (
        <>
          <Way title="Password" about="A new one logs you out everywhere else.">
            <Begin task="password">Change</Begin>
          </Way>
          <Way title="Authenticator app" state={factors.authenticator ? "On" : "Off"} about="Asks for a code of your phone beside the password.">
            {!factors.authenticator && <Begin task="authenticator">Set up</Begin>}
            {factors.authenticator && <Begin task="codes">New recovery codes</Begin>}
            {factors.authenticator && <Begin task="authenticator-off">Switch off</Begin>}
          </Way>
          <Way title="Passkeys" about={passkeysWork ? "Log in with your fingerprint, your face or your device’s PIN." : "This browser can’t make passkeys."}>
            {passkeysWork && <Begin task="passkey">Add a passkey</Begin>}
          </Way>
          {factors.passkeys.length > 0 && (
            <ul data-testid="passkeys" aria-label="Your passkeys">
              {factors.passkeys.map((passkey) => <Entry key={passkey.id} passkey={passkey} />)}
            </ul>
          )}
        </>
      )}
      <button type="button" class="plain over" onClick={() => (closeSecurity(), openSessions())}>Where you’re logged in</button>
    </>
  );
}

function Way({ title, state, about, children }: { title: string; state?: string; about: string; children: ComponentChildren }) {
  return (
    <section class="way">
      <h3>
        {title}
        {state && <span class="here" data-testid="authenticator-state">{state}</span>}
      </h3>
      <p class="hint">{about}</p>
      <div class="buttons">{children}</div>
    </section>
  );
}

function Begin({ task, children }: { task: Exclude<Task, object>; children: string }) {
  return <button type="button" class="quiet" data-task={task} data-testid={`begin-${task}`} onClick={() => begin(task)}>{children}</button>;
}

function Entry({ passkey }: { passkey: Passkey }) {
  const { name, createdAt, lastUsedAt } = passkey;
  const task = { remove: passkey };
  return (
    <li class="way passkey" data-testid="passkey">
      <h4><bdi>{name}</bdi></h4>
      <p class="hint">Added <Ago at={createdAt} />{lastUsedAt && <>, last used <Ago at={lastUsedAt} /></>}</p>
      <div class="buttons">
        <button type="button" class="quiet" data-task={taskKey(task)} data-testid="passkey-remove" aria-label={`Remove ${name}`} onClick={() => begin(task)}>Remove</button>
      </div>
    </li>
  );
}
