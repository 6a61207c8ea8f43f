import { render, type ComponentChild } from "preact";
import { words } from "../../client/src/index.ts";
import { latchkey, useSession } from "./session.ts";

/** Draws the page and asks who is logged in. */
export function start(page: ComponentChild): void {
  const root = document.getElementById("app");
  if (!root) throw new Error("the page has no #app");
  root.replaceChildren();
  render(page, root);
  void latchkey.check();
}

/** Replaces the page while it is unknown who is logged in. */
export function Unreachable() {
  const { problem } = useSession();
  const delayed = problem?.code === "device_proof_delayed";
  return (
    <div class="unreachable" role="alert">
      <h1>{delayed ? "One moment, please" : "We can’t reach the server"}</h1>
      <p>{delayed ? words(problem) : "Check your connection. Whether you are logged in is not known right now."} Nothing has changed.</p>
      <button type="button" class="primary" onClick={() => void latchkey.check()}>
        Try again
      </button>
    </div>
  );
}
