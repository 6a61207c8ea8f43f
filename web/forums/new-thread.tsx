import { useEffect, useRef, useState } from "preact/hooks";
import type { TargetedSubmitEvent } from "preact";
import { sayProblem } from "../kit/notice.tsx";
import { startThread } from "./api.ts";
import { load } from "./board.ts";
import { draft, dropDraft, keepDraft } from "./drafts.ts";
import { Left } from "./left.tsx";
import { follow, go } from "./route.ts";

const titleField = "new/title";
const bodyField = "new/body";

export function NewThread({ maxTitle, maxPost }: { maxTitle: number | undefined; maxPost: number | undefined }) {
  const [title, setTitle] = useState(draft(titleField));
  const [body, setBody] = useState(draft(bodyField));
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      const { id } = await startThread(title, body);
      dropDraft(titleField);
      dropDraft(bodyField);
      await load();
      go(`/threads/${id}`);
    } catch (error) {
      sayProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <article class="thread">
      <a class="back" href="/" onClick={follow}>← All threads</a>
      <h1>Start a thread</h1>
      <form class="reply" onSubmit={submit} aria-busy={busy}>
        <label for="thread-title">Title</label>
        <input
          ref={first} id="thread-title" type="text" data-testid="thread-title" required maxLength={maxTitle} dir="auto" readOnly={busy} autocomplete="off"
          value={title} onInput={({ currentTarget: { value } }) => (setTitle(value), keepDraft(titleField, value))}
        />
        <label for="thread-body">First post</label>
        <textarea
          id="thread-body" data-testid="thread-body" rows={6} required maxLength={maxPost} dir="auto" readOnly={busy}
          value={body} onInput={({ currentTarget: { value } }) => (setBody(value), keepDraft(bodyField, value))}
        />
        <div class="send">
          <Left text={body} max={maxPost} />
          <button class="primary" data-testid="thread-submit" aria-disabled={busy}>
            {busy ? "Posting…" : "Start the thread"}
          </button>
        </div>
      </form>
    </article>
  );
}
