/**
 * Calls back when the page becomes visible again: the phone was unlocked, the tab selected, or the
 * page came out of the back/forward cache. It may have missed messages from other tabs. Does
 * nothing outside a browser.
 */
export function onVisible(visible: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const stop = new AbortController();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && visible(), stop);
  addEventListener("pageshow", (event) => event.persisted && visible(), stop);
  return () => stop.abort();
}
