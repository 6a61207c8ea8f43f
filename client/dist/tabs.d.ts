/** A message from one tab to the others, without user data: they ask the backend themselves. */
export type News = "login" | "logout";
/** Keeps the tabs of one app in agreement. BroadcastChannel reaches the same origin only. */
export declare class Tabs {
    #private;
    constructor(name: string, hear: (news: News) => void);
    tell(news: News): void;
    close(): void;
}
