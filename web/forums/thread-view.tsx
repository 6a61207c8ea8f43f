import { useEffect, useRef } from "preact/hooks";
import type { Board, Post } from "./api.ts";
import { Ago } from "../kit/ago.tsx";
import { Reply } from "./reply.tsx";
import { follow } from "./route.ts";

/** One thread with its posts, and the form for a new one. `board` is null while loading. */
export function ThreadView({ id, board }: { id: number; board: Board | null }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const thread = board?.threads.find((other) => other.id === id);
  useEffect(() => {
    // not away from a field: after a login in place the thread is drawn again while someone types
    if (!document.activeElement?.closest("form")) heading.current?.focus({ preventScroll: true });
    if (thread) document.title = `${thread.title} · Nightjar`;
    return () => void (document.title = "Nightjar");
  }, [thread?.id]);

  if (board && !thread) {
    return (
      <div class="nothing">
        <p>This thread isn’t here any more.</p>
        <a href="/" onClick={follow}>All threads</a>
      </div>
    );
  }
  const hidden = thread ? thread.postCount - thread.posts.length : 0;
  return (
    <article class="thread">
      <a class="back" href="/" onClick={follow}>← All threads</a>
      {thread ? <h1 ref={heading} tabIndex={-1} dir="auto">{thread.title}</h1> : <div class="skeleton title" />}
      {hidden > 0 && <p class="hint">{hidden === 1 ? "One older post is" : `${hidden} older posts are`} not shown.</p>}
      {thread ? (
        <ol class="posts">{thread.posts.map((post) => <PostView key={post.id} post={post} />)}</ol>
      ) : (
        <div class="skeleton posts-waiting" aria-busy="true" aria-label="Loading the posts" />
      )}
      <Reply thread={id} maxPost={board?.maxPost} />
    </article>
  );
}

/** What people write is text, and is only ever shown as text. */
function PostView({ post: { author, body, createdAt, mine } }: { post: Post }) {
  return (
    <li class="post" data-mine={mine}>
      <span class={`face tone-${tone(author)}`} aria-hidden="true">{[...author][0]?.toUpperCase()}</span>
      <p class="byline">
        <bdi>{author}</bdi> {mine && <span class="you">you</span>} <span class="meta"><Ago at={createdAt} /></span>
      </p>
      <p class="words" dir="auto">{body}</p>
    </li>
  );
}

/** One of six colours, always the same for a name. */
function tone(author: string): number {
  let sum = 0;
  for (const letter of author) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}
