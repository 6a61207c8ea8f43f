import { latchkey } from "../kit/session.ts";

export interface Post {
  id: number;
  author: string;
  body: string;
  createdAt: string;
  mine: boolean;
}

export interface Thread {
  id: number;
  title: string;
  /** Includes the oldest posts, which a long thread no longer shows. */
  postCount: number;
  posts: Post[];
}

export interface Board {
  threads: Thread[];
  maxTitle: number;
  maxPost: number;
}

export const loadBoard = () => latchkey.json<Board>("/api/load-posts");
export const startThread = (title: string, body: string) =>
  latchkey.json<{ id: number }>("/api/threads", { method: "POST", body: { title, body } });
export const reply = (thread: number, body: string) =>
  latchkey.json<{ id: number }>(`/api/threads/${thread}/posts`, { method: "POST", body: { body } });
