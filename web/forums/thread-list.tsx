import type { Thread } from "./api.ts";
import { follow } from "./route.ts";
import { Ago } from "../kit/ago.tsx";

/** All threads, the newest talk first. `threads` is null while they are being loaded. */
export function ThreadList({ threads, open }: { threads: Thread[] | null; open: number | null }) {
  if (!threads) {
    return (
      <ul class="threads" aria-busy="true" aria-label="Loading the threads">
        {Array.from({ length: 5 }, (_, i) => <li key={i} class="skeleton" />)}
      </ul>
    );
  }
  if (threads.length === 0) return <p class="hint">Nobody has said anything yet.</p>;
  return (
    <ul class="threads">
      {threads.map((thread) => <Entry key={thread.id} thread={thread} current={thread.id === open} />)}
    </ul>
  );
}

function Entry({ thread: { id, title, postCount, posts }, current }: { thread: Thread; current: boolean }) {
  const last = posts.at(-1);
  return (
    <li>
      <a href={`/threads/${id}`} data-testid={`thread-${id}`} aria-current={current ? "page" : undefined} onClick={follow}>
        <strong dir="auto">{title}</strong>
        <span class="meta">
          <bdi>{last?.author}</bdi> · {last && <Ago at={last.createdAt} />} · {postCount === 1 ? "1 post" : `${postCount} posts`}
        </span>
      </a>
    </li>
  );
}
