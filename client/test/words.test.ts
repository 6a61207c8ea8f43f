import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem, whyEnded, words, type EndReason } from "../src/index.ts";

const codes = [
  "invalid_credentials", "not_registered", "email_not_verified", "account_locked", "login_prevented", "two_factor_required",
  "password_change_required", "bad_request", "too_many_attempts", "provider_unavailable", "cross_origin", "login_required",
  "invalid_code", "password_refused", "email_refused", "email_taken", "link_invalid", "passkey_refused", "authenticator_exists",
  "logout_incomplete", "device_proof_required", "device_proof_delayed", "offline", "timeout", "declined", "logged_out", "user_changed", "outdated",
];

test("every code of the wire contract has a sentence of its own", () => {
  const sentences = new Set(codes.map((code) => words(new Problem(code))));
  assert.equal(sentences.size, codes.length);
  assert.ok(!sentences.has(words(new Problem("something_else"))));
});

test("an app's own problem is said in its own words", () => {
  assert.equal(words(new Problem("quantity_limit", { detail: "At most 20 of one kind." })), "At most 20 of one kind.");
});

test("the rule that a password breaks is said", () => {
  assert.match(words(new Problem("password_refused", { reason: "tooShort" })), /too short/);
  assert.equal(words(new Problem("password_refused", { reason: "unheardOf" })), words(new Problem("password_refused")));
});

test("the time to wait is said", () => {
  assert.match(words(new Problem("too_many_attempts", { retryAfter: 30 })), /in 30 seconds/);
  assert.match(words(new Problem("too_many_attempts", { retryAfter: 600 })), /in 10 minutes/);
  assert.match(words(new Problem("too_many_attempts")), /in a moment/);
  assert.match(words(new Problem("device_proof_delayed", { retryAfter: 30 })), /in 30 seconds/);
});

test("every end reason is said in words", () => {
  const reasons: EndReason[] = [
    "logout", "logout_everywhere", "revoked_by_user", "revoked_by_admin", "refresh_expired", "refresh_refused",
    "absolute_timeout", "reuse_detected", "password_changed", "user_deactivated", "device_not_bound",
  ];
  assert.equal(new Set(reasons.map(whyEnded)).size, reasons.length);
  assert.equal(whyEnded(null), "Your session has ended.");
});
