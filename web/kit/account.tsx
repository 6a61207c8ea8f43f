import { Problem, words, type User } from "../../client/src/index.ts";
import { hush, say } from "./notice.tsx";
import { latchkey, useSession } from "./session.ts";
import { openSessions } from "./sessions.ts";

/** The user's name, which opens the list of sessions, and the button to log out. */
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

/** The button that opens the list. It is redrawn with each login, so look it up by its id. */
export const openerId = "sessions-open";

function nameOf(user: User): string {
  return user.fullName || [user.firstName, user.lastName].filter(Boolean).join(" ") || user.username || user.email || "Logged in";
}

/** Warns if only this page knows about the logout, which matters on a shared computer. */
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
