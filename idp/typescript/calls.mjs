// Calls the provider with FusionAuth's own client, as an administrator and a backend would:
// node calls.mjs URL API-KEY
import assert from "node:assert/strict";
import { FusionAuthClient } from "@fusionauth/typescript-client";

const [url, key] = process.argv.slice(2);
const client = new FusionAuthClient(key, url);
const password = "a passphrase of Ada's";

// answer returns what a call answers, and checks its status.
async function answer(call, status = 200) {
  try {
    const { statusCode, response } = await call;
    assert.equal(statusCode, status);
    return response;
  } catch (refused) {
    if (refused.statusCode !== status) throw refused.statusCode ? new Error(`status ${refused.statusCode}, want ${status}: ${JSON.stringify(refused.exception)}`) : refused;
    return refused.exception;
  }
}

const { application } = await answer(client.createApplication(null, { application: {
  name: "shop", loginConfiguration: { generateRefreshTokens: true, allowTokenRefresh: true },
  oauthConfiguration: { clientAuthenticationPolicy: "NotRequired", enabledGrants: ["authorization_code", "refresh_token"] },
} }));
assert.equal((await answer(client.retrieveApplication(application.id))).application.name, "shop");
assert.equal((await answer(client.patchApplication(application.id, { application: { name: "Shop" } }))).application.name, "Shop");
assert.ok((await answer(client.retrieveApplications())).applications.some((a) => a.id === application.id));
const made = (await answer(client.createApplication(null, { application: { name: "forums", roles: [{ name: "reader", isDefault: true }] } }))).application;
assert.deepEqual(made.roles.map((r) => [r.name, r.isDefault, r.isSuperRole]), [["reader", true, false]]);
const { role } = await answer(client.createApplicationRole(made.id, null, { role: { name: "editor", description: "writes" } }));
assert.equal((await answer(client.updateApplicationRole(made.id, role.id, { role: { name: "author" } }))).role.description, undefined);
assert.equal((await answer(client.patchApplicationRole(made.id, role.id, { role: { isSuperRole: true } }))).role.name, "author");
assert.equal((await answer(client.createApplicationRole(made.id, null, { role: { name: "author" } }), 400)).fieldErrors["role.name"][0].code, "[duplicate]role.name");
await answer(client.deleteApplicationRole(made.id, role.id));
assert.equal((await answer(client.retrieveApplication(made.id))).application.roles.length, 1);
await answer(client.deleteApplication(made.id));
const { apiKey } = await answer(client.createAPIKey(null, { apiKey: { name: "reader", permissions: { endpoints: { "/api/tenant": ["GET"] } } } }));
const reader = new FusionAuthClient(apiKey.key, url);
await answer(reader.retrieveTenants());
await answer(reader.retrieveApplications(), 401);
assert.equal((await answer(client.retrieveAPIKey(apiKey.id))).apiKey.key, undefined);
await answer(client.patchAPIKey(apiKey.id, { apiKey: { permissions: { endpoints: { "/api/application": ["GET"] } } } }));
await answer(reader.retrieveApplications());
await answer(client.updateAPIKey(apiKey.id, { apiKey: { permissions: { endpoints: { "/api/user": ["GET"] } } } }));
await answer(reader.retrieveTenants(), 401);
await answer(client.deleteAPIKey(apiKey.id));
await answer(client.retrieveAPIKey(apiKey.id), 404);
const { tenants } = await answer(client.retrieveTenants());
assert.equal((await answer(client.retrieveTenant(tenants[0].id))).tenant.name, tenants[0].name);
const rules = (await answer(client.patchTenant(tenants[0].id, { tenant: { passwordValidationRules: { minLength: 16, requireNonAlpha: true } } }))).tenant.passwordValidationRules;
assert.deepEqual([rules.minLength, rules.maxLength, rules.requireNonAlpha, rules.requireNumber], [16, 256, true, false]);
assert.deepEqual((await answer(client.retrievePasswordValidationRules())).passwordValidationRules, rules);
assert.deepEqual((await answer(client.retrievePasswordValidationRulesWithTenantId(tenants[0].id))).passwordValidationRules, rules);
const weak = await answer(client.createUser(null, { user: { email: "ada@example.com", password: "fifteen letters" } }), 400);
assert.deepEqual(weak.fieldErrors["user.password"].map((e) => e.code), ["[tooShort]user.password"]);

// Webhooks. Nobody is there.
const { webhook } = await answer(client.createWebhook(null, { webhook: { url: "https://127.0.0.1:1/hook", global: true, eventsEnabled: { "user.delete": true } } }));
assert.equal((await answer(client.retrieveWebhook(webhook.id))).webhook.eventsEnabled["user.delete"], true);
assert.deepEqual((await answer(client.retrieveWebhooks())).webhooks.map((w) => w.id), [webhook.id]);
assert.equal((await answer(client.patchWebhook(webhook.id, { webhook: { description: "the shop's" } }))).webhook.url, webhook.url);
assert.equal((await answer(client.updateWebhook(webhook.id, { webhook: { url: webhook.url, tenantIds: [tenants[0].id] } }))).webhook.global, false);
assert.equal((await answer(client.createWebhook(null, { webhook: { url: webhook.url, global: true, eventsEnabled: { "jwt.refresh": true } } }), 400)).fieldErrors["webhook.eventsEnabled"][0].code, "[notSupported]webhook.eventsEnabled");
await answer(client.deleteWebhook(webhook.id));
await answer(client.retrieveWebhook(webhook.id), 404);

// Users and registrations.
const { user } = await answer(client.createUser(null, { user: { email: "ada@example.com", password, firstName: "Ada" } }));
assert.equal((await answer(client.retrieveUserByEmail("ada@example.com"))).user.id, user.id);
assert.equal((await answer(client.retrieveUserByLoginId("ADA@example.com"))).user.id, user.id);
await answer(client.retrieveUserByUsername("ada"), 404);
const change = await answer(client.forgotPassword({ loginId: "ada@example.com", sendForgotPasswordMessage: false }));
assert.equal((await answer(client.retrieveUserByChangePasswordId(change.changePasswordId))).user.id, user.id);
await answer(client.register(user.id, { registration: { applicationId: application.id, roles: ["reader"] } }));
assert.deepEqual((await answer(client.retrieveRegistration(user.id, application.id))).registration.roles, ["reader"]);
await answer(client.patchRegistration(user.id, { registration: { applicationId: application.id, roles: ["writer"] } }));
assert.deepEqual((await answer(client.retrieveRegistration(user.id, application.id))).registration.roles, ["reader", "writer"]);
assert.equal((await answer(client.patchUser(user.id, { user: { lastName: "Lovelace" } }))).user.firstName, "Ada");
assert.equal((await answer(client.updateUser(user.id, { user: { email: "ada@example.com", username: "ada" } }))).user.firstName, undefined);
const both = await answer(client.register(null, { user: { email: "grace@example.com", password }, registration: { applicationId: application.id } }));
assert.equal((await answer(client.searchUsersByIds([user.id, both.user.id]))).users.length, 2);
assert.equal((await answer(client.searchUsersByQuery({ search: { queryString: "grace" } }))).total, 1);
await answer(client.importUsers({ users: [{ email: "old@example.com", active: true, encryptionScheme: "salted-md5", factor: 1, salt: "", password: "X03MO1qnZdYdgyfeuILPmQ==" }] }));
await answer(client.login({ loginId: "old@example.com", password: "password" }));
const taken = await answer(client.createUser(null, { user: { email: "ada@example.com", password } }), 400);
assert.equal(taken.fieldErrors["user.email"][0].code, "[duplicate]user.email");

// Login, refresh in both ways, and what a token is worth.
const login = () => client.login({ loginId: "ada@example.com", password, applicationId: application.id });
await answer(client.login({ loginId: "ada@example.com", password: "wrong", applicationId: application.id }), 404);
const { token, refreshToken } = await answer(login());
assert.equal((await answer(client.validateJWT(token))).jwt.sub, user.id);
assert.equal((await answer(client.retrieveUserInfoFromAccessToken(token))).email, "ada@example.com");
assert.equal((await answer(client.introspectAccessToken(application.id, token))).active, true);
const second = (await answer(client.exchangeRefreshTokenForJWT({ refreshToken }))).refreshToken;
const third = await answer(client.exchangeRefreshTokenForAccessToken(second, application.id, null, null, null));
assert.ok(third.access_token && third.refresh_token !== second);
const byPassword = () => client.exchangeUserCredentialsForAccessToken("ada@example.com", password, application.id, null, "openid", null);
await answer(byPassword(), 400);
await answer(client.patchApplication(application.id, { application: { oauthConfiguration: { enabledGrants: ["refresh_token", "password"] } } }));
assert.equal((await answer(byPassword())).userId, user.id);
assert.equal((await answer(client.retrieveRefreshTokens(user.id))).refreshTokens.length, 1);
const rsa = (await answer(client.generateKey(null, { key: { algorithm: "RS256", name: "for the shop", length: 2048 } }))).key;
assert.equal((await answer(client.retrieveKey(rsa.id))).key.kid, rsa.kid);
await answer(client.updateKey(rsa.id, { key: { name: "of the shop" } }));
await answer(client.importKey(null, { key: { algorithm: "HS256", name: "a secret", secret: "0123456789012345678901234567890123456789" } }));
assert.equal((await answer(client.retrieveKeys())).keys.length, 2);
await answer(client.patchApplication(application.id, { application: { jwtConfiguration: { accessTokenKeyId: rsa.id } } }));
assert.ok((await answer(client.retrieveJWTPublicKeyByApplicationId(application.id))).publicKey.includes("PUBLIC KEY"));
await answer(client.deleteKey(rsa.id), 400);
await answer(client.patchApplication(application.id, { application: { jwtConfiguration: { accessTokenKeyId: null } } }));
await answer(client.deleteKey(rsa.id));
assert.equal((await answer(client.retrieveJsonWebKeySet())).keys.length, 1);
assert.equal(Object.keys((await answer(client.retrieveJWTPublicKeys())).publicKeys).length, 1);
assert.ok((await answer(client.retrieveOpenIdConfiguration())).jwks_uri.startsWith(url));

// The ways in which refresh tokens end.
const revoked = async (revoke) => {
  const { refreshToken, refreshTokenId } = await answer(login());
  await answer(revoke(refreshToken, refreshTokenId));
  await answer(client.exchangeRefreshTokenForJWT({ refreshToken }), 404);
};
await revoked((_, id) => client.revokeRefreshTokenById(id));
await revoked((value) => client.revokeRefreshTokenByToken(value));
await revoked(() => client.revokeRefreshTokensByUserId(user.id));
await revoked(() => client.revokeRefreshTokensByApplicationId(application.id));
await revoked(() => client.revokeRefreshTokensByUserIdForApplication(user.id, application.id));
await revoked((value) => client.logout(false, value));
await revoked(() => client.updateUser(user.id, { user: { email: "ada@example.com", password: password } }));
await revoked(() => client.deactivateUser(user.id));
await answer(login(), 423);
await answer(client.reactivateUser(user.id));
await answer(login());

// Ends.
await answer(client.deleteRegistration(user.id, application.id));
await answer(client.retrieveRegistration(user.id, application.id), 404);
await answer(client.deleteUser(user.id));
await answer(client.retrieveUser(user.id), 404);
await answer(client.deactivateApplication(application.id));
await answer(client.reactivateApplication(application.id));
await answer(client.deleteApplication(application.id));
await answer(client.retrieveApplication(application.id), 404);
assert.equal((await answer(client.retrieveSystemStatus())).status, "ok");
await answer(client.retrieveSystemHealth());
assert.ok((await answer(client.retrieveVersion())).version.startsWith("1."));
assert.equal((await answer(client.retrieveSystemConfiguration())).systemConfiguration.reportTimezone, "UTC");
assert.equal((await answer(client.retrieveGroups(), 501)).generalErrors[0].code, "[notImplemented]");
await answer(new FusionAuthClient("not a key", url).retrieveUser(user.id), 401);
console.log("all calls answered as FusionAuth's client wants");
