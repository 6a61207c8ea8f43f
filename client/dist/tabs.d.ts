/** What one tab tells the others. It never carries user data: they ask the backend themselves. */
export type News = "login" | "logout";
/** The tabs of one app, agreeing on who is logged in. BroadcastChannel reaches the same origin only. */
export declare class Tabs {
    #private;
    constructor(name: string, hear: (news: News) => void);
    tell(news: News): void;
    close(): void;
}
