import { useRef, useState } from "preact/hooks";
import type { TargetedSubmitEvent } from "preact";
import { say, sayProblem } from "../kit/notice.tsx";
import { reply } from "./api.ts";
import { load } from "./board.ts";
import { draft, dropDraft, keepDraft } from "./drafts.ts";
import { Left } from "./left.tsx";

export function Reply({ thread, maxPost }: { thread: number; maxPost: number | undefined }) {
  const field = `post/${thread}`;
  const [text, setText] = useState(draft(field));
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);

  function change(next: string) {
    setText(next);
    keepDraft(field, next);
  }

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await reply(thread, text);
      dropDraft(field);
      setText("");
      say({ text: "Your post is up.", tone: "good" });
      await load();
      area.current?.focus();
    } catch (error) {
      sayProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="reply" onSubmit={submit} aria-busy={busy}>
      <label for="post-body">Write a post</label>
      <textarea
        ref={area} id="post-body" data-testid="post-body" rows={3} required maxLength={maxPost} dir="auto" readOnly={busy}
        value={text} onInput={(event) => change(event.currentTarget.value)}
      />
      <div class="send">
        <Left text={text} max={maxPost} />
        <button class="primary" data-testid="post-submit" aria-disabled={busy}>
          {busy ? "Posting…" : "Post"}
        </button>
      </div>
    </form>
  );
}
