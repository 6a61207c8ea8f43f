import { Problem, words, type User } from "../../client/src/index.ts";
import { hush, say } from "./notice.tsx";
import { latchkey, useSession } from "./session.ts";
import { openSessions } from "./sessions.ts";

/** The name of who is logged in, which opens the list of where, and the way out. */
export function Account() {
  const { user } = useSession();
  if (!user) return null;
  return (
    <div class="account">
      <button type="button" id={openerId} class="who" data-testid="sessions-open" aria-haspopup="dialog" onClick={openSessions}>
        <span class="user-name" data-testid="user-name" dir="auto">
          {nameOf(user)}
        </span>
        <span class="sr-only">: where you’re logged in</span>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M7 10l5 5 5-5" />
        </svg>
      </button>
      <button type="button" class="quiet" data-testid="logout" onClick={() => void logout()}>
        Log out
      </button>
    </div>
  );
}

/** The button that opens the list. It is drawn anew with each login, so whoever wants it looks for it by its id. */
export const openerId = "sessions-open";

function nameOf(user: User): string {
  return user.fullName || [user.firstName, user.lastName].filter(Boolean).join(" ") || user.username || user.email || "Logged in";
}

/** Says so where only this page knows of the logout: on a shared computer that is the difference that counts. */
async function logout(): Promise<void> {
  try {
    hush();
    await latchkey.logout();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "logout_incomplete") say({ text: words(error), tone: "bad" });
    else say({ text: `You’re logged out on this screen only. ${words(error)}`, tone: "bad", action: { label: "Try again", run: () => void logout() } });
  }
}
