import { Problem, words, type User } from "../../client/src/index.ts";
import { hush, say } from "./notice.tsx";
import { latchkey, useSession } from "./session.ts";

/** The name of who is logged in, and the way out. */
export function Account() {
  const { user } = useSession();
  if (!user) return null;
  return (
    <div class="account">
      <span class="user-name" data-testid="user-name" dir="auto">
        {nameOf(user)}
      </span>
      <button type="button" class="quiet" data-testid="logout" onClick={() => void logout()}>
        Log out
      </button>
    </div>
  );
}

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
