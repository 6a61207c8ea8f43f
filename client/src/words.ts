import { passing, type EndReason, type Problem } from "./problem.ts";
import type { State } from "./state.ts";

const byCode: Record<string, string> = {
  invalid_credentials: "That email and password don’t match. Check both and try again.",
  not_registered: "Your account is fine, but it has no access to this app yet.",
  email_not_verified: "Confirm your email address first: we have sent you a link.",
  account_locked: "This account is locked. Please contact support to open it again.",
  login_prevented: "This account can’t log in at the moment. Please contact support.",
  two_factor_required: "One more step: this account asks for a code.",
  password_change_required: "Your password has to be changed before you can log in here.",
  invalid_code: "That code isn’t right, or it has been used. Try the next one.",
  password_refused: "This password isn’t accepted. Choose another one.",
  email_refused: "This isn’t an email address that can be used.",
  email_taken: "There is an account with this email address already.",
  link_invalid: "This link has been used, or is too old. Ask for a new one.",
  passkey_refused: "This passkey doesn’t open an account here.",
  authenticator_exists: "There is an authenticator already. Switch it off first.",
  bad_request: "Something in this request wasn’t right. Check what you typed and try again.",
  cross_origin: "The request was refused because it seemed to come from another site. Reload the page and try again.",
  provider_unavailable: "The login service doesn’t answer right now.",
  login_required: "Log in to continue.",
  reauthentication_required: "Log in once more to confirm that it’s you.",
  device_proof_required: "This browser can no longer prove that the login is its own. A new login puts that right.",
  device_proof_delayed: "This browser can’t prove just now that the login is its own.",
  role_required: "Your account isn’t allowed to do this.",
  logout_incomplete: "You’re logged out here. The server couldn’t record it yet, and keeps trying.",
  offline: "The server can’t be reached. Check your connection.",
  timeout: "The server took too long to answer. Check whether it went through before you try again.",
  declined: "You need to be logged in for that.",
  logged_out: "You have been logged out, so what was waiting wasn’t sent.",
  user_changed: "Someone else has logged in, so what was waiting wasn’t sent.",
  outdated: "This answer came after the login had changed.",
};

const byRule: Record<string, string> = {
  tooShort: "This password is too short.",
  tooLong: "This password is too long.",
  breached: "This password is on lists that attackers try first. Choose another one.",
  previouslyUsed: "You have used this password before. Choose another one.",
};

const byReason: Record<EndReason, string> = {
  logout: "You logged out.",
  logout_everywhere: "In another browser you chose to log out everywhere else. If that wasn’t you, change your password.",
  revoked_by_user: "You logged this browser out from another one. If that wasn’t you, change your password.",
  revoked_by_admin: "An administrator ended your session.",
  refresh_expired: "You were away for a while, so your session ran out.",
  refresh_refused: "Your session couldn’t be renewed.",
  absolute_timeout: "You were logged in for a long time, so please confirm that it’s still you.",
  reuse_detected: "A copy of your session turned up somewhere else, so we ended it everywhere. If that wasn’t you, change your password.",
  password_changed: "Your password was changed. Log in with the new one.",
  user_deactivated: "This account has been deactivated.",
  device_not_bound: "This app only keeps logins that are tied to their device, and yours wasn’t. Chrome 146 and later can do that on Windows.",
};

/**
 * Describes a problem in words. The backend's own sentence is used only for the app's own codes.
 */
export function words(problem: Problem): string {
  if (problem.code === "too_many_attempts") return `Too many attempts. Try again ${after(problem.retryAfter)}.`;
  const known = (problem.code === "password_refused" && byRule[problem.reason]) || byCode[problem.code];
  if (passing.includes(problem.code) && known) return `${known} Try again ${after(problem.retryAfter)}.`;
  return known ?? (problem.detail || "Something went wrong on our side. Please try again.");
}

/** Says why a session ended. */
export function whyEnded(reason: EndReason | null): string {
  return reason ? byReason[reason] : "Your session has ended.";
}

/** Says why a login is asked for. Null if the only reason is that nobody is logged in. */
export function whyAsked({ returning, endReason, problem }: State): string | null {
  if (problem) return words(problem);
  return returning || endReason ? whyEnded(endReason) : null;
}

function after(seconds: number | null): string {
  if (seconds === null || seconds < 2) return "in a moment";
  if (seconds < 90) return `in ${seconds} seconds`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}
