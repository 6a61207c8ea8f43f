/** A message from one tab to the others, without user data: they ask the backend themselves. */
export type News = "login" | "logout";

/** Keeps the tabs of one app in agreement. BroadcastChannel reaches the same origin only. */
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
