/**
 * Calls back when the page becomes visible again: the phone was unlocked, the tab selected, or the
 * page came out of the back/forward cache. It may have missed messages from other tabs. Does
 * nothing outside a browser.
 */
export declare function onVisible(visible: () => void): () => void;
