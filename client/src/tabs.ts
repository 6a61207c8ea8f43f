/** What one tab tells the others. It never carries user data: they ask the backend themselves. */
export type News = "login" | "logout";

/** The tabs of one app, agreeing on who is logged in. BroadcastChannel reaches the same origin only. */
export class Tabs {
  readonly #channel: BroadcastChannel;

  constructor(name: string, hear: (news: News) => void) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => {
      if (data === "login" || data === "logout") hear(data);
    };
  }

  tell(news: News): void {
    this.#channel.postMessage(news);
  }

  close(): void {
    this.#channel.close();
  }
}
