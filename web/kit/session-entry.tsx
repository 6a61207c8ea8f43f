import type { Session } from "../../client/src/index.ts";
import { Ago } from "./ago.tsx";
import { Bound } from "./bound.tsx";
import { end } from "./sessions.ts";

interface Props {
  session: Session;
  ending: boolean;
}

/** One browser in which the user is logged in. */
export function SessionEntry({ session, ending }: Props) {
  const { id, current, createdAt, lastSeenAt, device, ip, deviceBound } = session;
  const about = `session-about-${id}`;
  return (
    <li class="session" data-testid={`session-${id}`} aria-current={current || undefined}>
      <Picture device={device} />
      <div class="name">
        <h3>{device}</h3>
        {current && <span class="here">This browser</span>}
      </div>
      <div id={about} class="hint">
        <p>Last seen <Ago at={lastSeenAt} /></p>
        <p>
          Logged in <Ago at={createdAt} />
          {ip && <> from <bdi>{ip}</bdi></>}
        </p>
        {deviceBound && <Bound id={id} here={current} />}
      </div>
      {!current && (
        <button
          type="button" class="quiet" data-testid={`session-end-${id}`} aria-disabled={ending}
          aria-label={ending ? `Logging out ${device}…` : `Log out ${device}`} aria-describedby={about} onClick={() => ending || void end(session)}
        >
          {ending ? "Logging out…" : "Log out"}
        </button>
      )}
    </li>
  );
}

/** Tells a phone from a computer at a glance; the words say it too. */
function Picture({ device }: { device: string }) {
  const handheld = /iPhone|iPad|Android/.test(device);
  return (
    <svg class="device" viewBox="0 0 24 24" aria-hidden="true">
      <path d={handheld ? "M8 2.75h8a1.5 1.5 0 0 1 1.5 1.5v15.5a1.5 1.5 0 0 1-1.5 1.5H8a1.5 1.5 0 0 1-1.5-1.5V4.25A1.5 1.5 0 0 1 8 2.75zM11 18.25h2" : "M5.5 4.75h13A1.5 1.5 0 0 1 20 6.25v9.5H4v-9.5a1.5 1.5 0 0 1 1.5-1.5zM2 19.25h20"} />
    </svg>
  );
}
