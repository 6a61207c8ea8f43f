import type { TargetedMouseEvent } from "preact";
import { Cell } from "../kit/cell.ts";

/** What is open: nothing but the list, a thread, or the form for a new one. */
export type Route = { name: "list" } | { name: "new" } | { name: "thread"; id: number };

export const route = new Cell<Route>(read());
addEventListener("popstate", () => (route.value = read()));

export function go(path: string): void {
  history.pushState(null, "", path);
  route.value = read();
}

/** Lets a link change the page without a reload. The browser handles clicks that open a new tab. */
export function follow(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(event.currentTarget.pathname);
}

function read(): Route {
  const thread = /^\/threads\/(\d{1,15})$/.exec(location.pathname);
  if (thread) return { name: "thread", id: Number(thread[1]) };
  return { name: location.pathname === "/new" ? "new" : "list" };
}
