/**
 * Calls back when the page is looked at again: the phone was unlocked, the tab chosen, or the page came out of the
 * back/forward cache. News from other tabs may have been missed meanwhile. Does nothing outside a browser.
 */
export function onWake(awake: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  const stop = new AbortController();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && awake(), stop);
  addEventListener("pageshow", (event) => event.persisted && awake(), stop);
  return () => stop.abort();
}
