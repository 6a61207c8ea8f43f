// openid-client finds the embedded provider by its issuer, and uses it.
// node discovery.mjs ISSUER CLIENT_ID CLIENT_SECRET TOKEN REFRESH_TOKEN
import assert from "node:assert/strict";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";

const [issuer, clientId, clientSecret, token, refreshToken] = process.argv.slice(2);
const insecure = { execute: [client.allowInsecureRequests] }; // plain http, on loopback

const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, insecure);
const metadata = config.serverMetadata();
assert.equal(metadata.issuer, issuer);

const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
const verify = (jwt) => jwtVerify(jwt, keys, { issuer, audience: clientId, algorithms: metadata.id_token_signing_alg_values_supported });
const { payload } = await verify(token);

const refreshed = await client.refreshTokenGrant(config, refreshToken);
assert.equal((await verify(refreshed.access_token)).payload.sub, payload.sub);
const introspected = await client.tokenIntrospection(config, refreshed.access_token);
assert.equal(introspected.active, true);
assert.equal(introspected.iss, issuer);
assert.equal((await client.fetchUserInfo(config, refreshed.access_token, payload.sub)).email, payload.email);

// another address than the issuer's is refused
const elsewhere = new URL(issuer);
elsewhere.hostname = "localhost";
await assert.rejects(client.discovery(elsewhere, clientId, clientSecret, undefined, insecure), (err) => /issuer|attribute/i.test(err.message + err.cause?.message));
