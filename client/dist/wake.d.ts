/**
 * Calls back when the page is looked at again: the phone was unlocked, the tab chosen, or the page came out of the
 * back/forward cache. News from other tabs may have been missed meanwhile. Does nothing outside a browser.
 */
export declare function onWake(awake: () => void): () => void;
