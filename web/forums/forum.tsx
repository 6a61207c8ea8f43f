import { words } from "../../client/src/index.ts";
import { Account } from "../kit/account.tsx";
import { useCell } from "../kit/cell.ts";
import { Dialogs } from "../kit/dialogs.tsx";
import { useSession } from "../kit/session.ts";
import { Unreachable } from "../kit/start.tsx";
import { boardState, load } from "./board.ts";
import { forgotten } from "./drafts.ts";
import { LoginPage } from "./login-page.tsx";
import { NewThread } from "./new-thread.tsx";
import icon from "./public/icon.svg";
import { follow, route } from "./route.ts";
import { ThreadList } from "./thread-list.tsx";
import { ThreadView } from "./thread-view.tsx";

export function Forum() {
  const { phase } = useSession();
  return (
    <>
      {phase === "unreachable" && <Unreachable />}
      {phase === "out" && <LoginPage />}
      {phase === "checking" && <p class="hint checking" role="status">One moment…</p>}
      {(phase === "in" || phase === "asking") && <Rooms />}
      <Dialogs reason="The board is for members." logIn={() => {}} />
    </>
  );
}

function Rooms() {
  const open = useCell(route);
  const { board, problem } = useCell(boardState);
  const fresh = useCell(forgotten);
  return (
    <div class="rooms" data-open={open.name}>
      <header class="top">
        <a class="brand" href="/" onClick={follow}>
          <img src={icon} alt="" width="32" height="32" />
          Nightjar
        </a>
        <Account />
      </header>
      <nav class="list" aria-label="Threads">
        <a class="primary" href="/new" data-testid="new-thread" onClick={follow}>
          Start a thread
        </a>
        {problem && (
          <div class="trouble" role="alert">
            <p>{words(problem)}</p>
            <button type="button" class="quiet" onClick={() => void load()}>Try again</button>
          </div>
        )}
        <ThreadList threads={board?.threads ?? null} open={open.name === "thread" ? open.id : null} />
      </nav>
      <main key={fresh}>
        {open.name === "list" && <Nothing />}
        {open.name === "new" && <NewThread maxTitle={board?.maxTitle} maxPost={board?.maxPost} />}
        {open.name === "thread" && <ThreadView key={open.id} id={open.id} board={board} />}
      </main>
    </div>
  );
}

function Nothing() {
  return (
    <div class="nothing">
      <img src={icon} alt="" width="72" height="72" />
      <p>Pick a thread, or start one.</p>
    </div>
  );
}
