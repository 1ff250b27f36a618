/** The contract's chapter "OAuth 2.0", with servers that are none of the tests' own. */

import assert from "node:assert/strict";
import {
  type Authority,
  type Certificate,
  certificateAuthority,
} from "../support/servers/certificates.ts";
import { canRunDovecot, type Dovecot, dovecot } from "../support/servers/dovecot.ts";
import type { MailServer } from "../support/servers/mail_server.ts";
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { type Run, sendmail } from "../support/program/program.ts";
import { redisServer, type SmarthostHash, smarthostHash } from "../support/servers/redis.ts";
import { honestSmtp } from "../support/servers/smtp_honest.ts";
import { type TokenIssuer, tokenIssuer } from "../support/servers/token_issuer.ts";

const USER = "user@mail.test";
const AUDIENCE = "smtp-of-this-house";
const CLIENT = {
  clientId: "0a1b-the-client",
  clientSecret: "k7~client+secret/=",
  refreshToken: "1//refresh-token",
};
const CLAIMS = { sub: "0a1b", email: USER, aud: AUDIENCE, active: "true" };

/** What Redis holds of a token server; with a refresh token, that is the grant. */
function oauth2Hash(issuer: TokenIssuer, grant = "client_credentials"): SmarthostHash {
  return {
    username: USER,
    password: "",
    oauth2_token_url: issuer.url,
    oauth2_client_id: CLIENT.clientId,
    oauth2_client_secret: CLIENT.clientSecret,
    oauth2_scope: "https://mail.test/.default",
    ...(grant === "refresh_token" && { oauth2_refresh_token: CLIENT.refreshToken }),
  };
}

const ignore = !canRunDovecot();

/** The servers of a test. */
type House = AsyncDisposable & {
  authority: Authority;
  certificate: Certificate;
  issuer: TokenIssuer;
  dovecot: Dovecot;
  /** Where the mail goes behind Dovecot. */
  relay: MailServer;
};

/** Starts a token server, a Dovecot that checks its tokens, and a server that gets the mail. */
async function house(
  { mechanisms = ["XOAUTH2", "OAUTHBEARER"], claims = {}, answer = {} }: {
    mechanisms?: string[];
    claims?: Record<string, unknown>;
    answer?: Record<string, unknown>;
  } = {},
): Promise<House> {
  await using stack = new AsyncDisposableStack();
  const authority = stack.use(await certificateAuthority());
  const certificate = await authority.issue();
  const all = { ...CLAIMS, ...claims };
  const issuer = stack.use(await tokenIssuer({ certificate, client: CLIENT, claims: all, answer }));
  const relay = stack.use(await honestSmtp({ encryption: "none" }));
  const options = { certificate, issuer, audience: AUDIENCE, mechanisms, relay };
  const server = stack.use(await dovecot(options));
  const all_ = stack.move();
  return {
    authority,
    certificate,
    issuer,
    relay,
    dovecot: server,
    [Symbol.asyncDispose]: () => all_.disposeAsync(),
  };
}

/** Runs the program with the settings of a house. */
async function run(
  { authority, dovecot: { host, port, tlsPort }, issuer }: House,
  { encryption = "starttls", grant, given = {} }: {
    encryption?: string;
    grant?: string;
    given?: SmarthostHash;
  } = {},
  args = ["-f", "from@mail.test", "to@to.test"],
): Promise<Run> {
  const server = { host, port: encryption === "tls" ? tlsPort : port };
  await using redis = await redisServer(smarthostHash(server, {
    host: "localhost",
    encrypt_smtp: encryption,
    ...oauth2Hash(issuer, grant),
    ...given,
  }));
  const env = { SSL_CERT_FILE: authority.certificateFile };
  const ended = await sendmail(args, { redis, env, stdin: "Hello\n", secrets: [...issuer.tokens] });
  // What became known on the way is a secret, too.
  for (const token of issuer.tokens) {
    assert.ok(!`${ended.stdout}${ended.stderr}`.includes(token.slice(-20)));
  }
  return ended;
}

for (const mechanism of ["XOAUTH2", "OAUTHBEARER"]) {
  for (const grant of ["client_credentials", "refresh_token"]) {
    for (const encryption of ["starttls", "tls"]) {
      Deno.test({
        name: `a mail arrives by ${mechanism} with a token of ${grant}: ${encryption}`,
        ignore,
      }, async () => {
        await using all = await house({ mechanisms: [mechanism] });
        assertSilentSuccess(await run(all, { encryption, grant }));
        const [message, ...more] = await all.relay.messages();
        assert.deepEqual([message?.sender, message?.recipients, more], [
          "from@mail.test",
          ["to@to.test"],
          [],
        ]);
        assert.match(new TextDecoder().decode(message?.content), /\r\n\r\nHello\r\n$/);
        assert.deepEqual(all.issuer.requests, [{
          grant_type: grant,
          client_id: CLIENT.clientId,
          client_secret: CLIENT.clientSecret,
          scope: "https://mail.test/.default",
          ...(grant === "refresh_token" && { refresh_token: CLIENT.refreshToken }),
        }]);
        const logins = all.dovecot.log.filter((line) => line.includes(`method=${mechanism}`));
        assert.ok(
          logins.some((line) => line.includes(`user=<${USER}>`)),
          all.dovecot.log.join("\n"),
        );
      });
    }
  }
}

/** What Dovecot has against a token, and what it logs then. */
const BAD_TOKENS: [what: string, claims: Record<string, unknown>, logged: RegExp][] = [
  ["revoked", { active: "false" }, /Provided token is not valid/],
  ["expired", { exp: Math.floor(Date.now() / 1000) - 600 }, /Token has expired/],
  ["for another audience", { aud: "smtp-of-another-house" }, /Token is not valid for scope/],
];

/** What the two mechanisms say of it. */
const REASONS = { XOAUTH2: "status 401, schemes bearer", OAUTHBEARER: "status invalid_token" };

for (const [what, claims, logged] of BAD_TOKENS) {
  for (const [mechanism, reason] of Object.entries(REASONS)) {
    Deno.test(
      { name: `a token that is ${what} is 77 with the reason: ${mechanism}`, ignore },
      async () => {
        await using all = await house({ mechanisms: [mechanism], claims });
        const ended = await run(all);
        const place = `localhost:${all.dovecot.port}`;
        assertFailure(ended, 77, `Error: Login refused (${place}): ${reason}`, /: 535 5\.7\.8 \S/);
        assert.deepEqual(await all.relay.messages(), []);
        assert.ok(all.dovecot.log.some((line) => logged.test(line)), all.dovecot.log.join("\n"));
      },
    );
  }
}

Deno.test({
  name: "a client secret that is wrong is 77 with the words of the token server",
  ignore,
}, async () => {
  await using all = await house();
  const ended = await run(all, { given: { oauth2_client_secret: "not-the-secret" } });
  const place = all.issuer.address;
  const words = `The token server refused (${place}): invalid_client: No invalid_client`;
  assertFailure(ended, 77, `Error: ${words}\n`);
  assert.deepEqual(await all.relay.messages(), []);
});

Deno.test({
  name: "a refresh token that is revoked is 77 with the words of the token server",
  ignore,
}, async () => {
  await using all = await house();
  const given = { oauth2_refresh_token: "an-old-refresh-token" };
  const ended = await run(all, { grant: "refresh_token", given });
  assertFailure(ended, 77, `(${all.issuer.address}): invalid_grant: No invalid_grant\n`);
});

Deno.test({
  name: "--check says from where the token is, for how long, and by which grant",
  ignore,
}, async () => {
  await using all = await house();
  for (const grant of ["client_credentials", "refresh_token"]) {
    const { status, stdout, stderr } = await run(all, { grant }, ["--check", "--json"]);
    assert.deepEqual([status, stderr], [0, ""]);
    const { steps, warnings } = JSON.parse(stdout);
    const names = steps.map(({ name }: { name: string }) => name);
    assert.deepEqual(names, [
      "settings",
      "resolve",
      "connect",
      "encrypt",
      "hello",
      "token",
      "login",
    ]);
    assert.deepEqual(steps.slice(-2), [{
      name: "token",
      ok: true,
      detail: `from ${all.issuer.address}, valid for 3600 s, grant ${grant}`,
    }, { name: "login", ok: true, detail: `as ${USER}, by XOAUTH2` }]);
    assert.deepEqual(warnings, []);
  }
});

Deno.test({
  name: "--check warns when the refresh token was replaced, and does not show the new one",
  ignore,
}, async () => {
  const replaced = "1//another-refresh-token";
  await using all = await house({ answer: { refresh_token: replaced } });
  const { status, stdout } = await run(all, { grant: "refresh_token" }, ["--check"]);
  assert.equal(status, 0);
  assert.match(stdout, /^warning +The token server has replaced the refresh token/m);
  assert.ok(!stdout.includes(replaced));
  // Whoever sends is not told: there is nobody to read it.
  assertSilentSuccess(await run(all, { grant: "refresh_token" }));
});

for (const encryption of ["starttls", "tls"] as const) {
  Deno.test(`smtp-server lets in who has the token, and says why it does not: ${encryption}`, async () => {
    await using authority = await certificateAuthority();
    const certificate = await authority.issue();
    await using issuer = await tokenIssuer({ certificate, client: CLIENT });
    const login = { username: USER, password: "" };
    const mechanisms = ["XOAUTH2"];
    await using server = await honestSmtp({ encryption, certificate, login, mechanisms });
    const given = { host: "localhost", encrypt_smtp: encryption, ...oauth2Hash(issuer) };
    await using redis = await redisServer(smarthostHash(server, given));
    const circumstances = { redis, env: { SSL_CERT_FILE: authority.certificateFile } };
    assertFailure(
      await sendmail(["to@to.test"], circumstances),
      77,
      `(localhost:${server.port}): status 401, schemes bearer, scope mail: 535 `,
    );
    assert.deepEqual(await server.messages(), []);
    // The server lets in whoever has the newest token.
    Object.defineProperty(login, "password", { get: () => issuer.tokens.at(-1) });
    assertSilentSuccess(await sendmail(["to@to.test"], circumstances));
    assert.equal((await server.messages())[0]?.username, USER);
    assert.equal(issuer.requests.length, 2);
  });
}
