/** The login by OAuth 2.0 as programs in TypeScript have it: when the token is asked for, and by whom it is seen. */

import assert from "node:assert/strict";
import { buildMail, deliverMail, type Environment, errorText, Failure } from "../../../lib/mod.ts";
import type { SmarthostSettings } from "../../../lib/mod.ts";
import { type Authority, certificateAuthority } from "../../support/servers/certificates.ts";
import { OAUTH2_CLIENT, OAUTH2_LOGIN, OAUTH2_SERVER } from "../../support/servers/oauth2.ts";
import { type Action, bytesOf, reply, silence } from "../../support/servers/peer.ts";
import type { Script } from "../../support/servers/smtp_conversation.ts";
import { type ScriptedSmtp, scriptedSmtp } from "../../support/servers/smtp_scripted.ts";
import {
  givesToken,
  type ScriptedTokens,
  scriptedTokens,
} from "../../support/servers/token_scripted.ts";

const TOKEN = givesToken(OAUTH2_LOGIN.password);

/** A smarthost, a token server, and what there is to know of them. */
type Servers = { smtp: ScriptedSmtp; tokens: ScriptedTokens; authority: Authority };

async function withServers(
  { script = {}, answer = TOKEN }: { script?: Script; answer?: Action },
  act: (servers: Servers) => Promise<void>,
): Promise<void> {
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  await using smtp = await scriptedSmtp(script, { ...OAUTH2_SERVER, certificate });
  await using tokens = await scriptedTokens(answer, { certificate, host: "localhost" });
  await act({ smtp, tokens, authority });
}

async function deliver(
  { smtp, tokens, authority }: Servers,
  given: Partial<SmarthostSettings> = {},
) {
  const settings: SmarthostSettings = {
    port: smtp.port,
    host: "localhost",
    username: OAUTH2_LOGIN.username,
    password: "",
    enabled: true,
    encrypt_smtp: "tls",
    tls_verify: true,
    oauth2_token_url: tokens.url,
    oauth2_client_id: OAUTH2_CLIENT.id,
    oauth2_client_secret: OAUTH2_CLIENT.secret,
    ...given,
  };
  const variables = new Map([["SSL_CERT_FILE", authority.certificateFile]]);
  const environment: Environment = {
    get: (name) => variables.get(name),
    set: (name, value) => void variables.set(name, value),
    delete: (name) => void variables.delete(name),
  };
  const mail = await buildMail("Hello\n", { to: "to@to.test", from: "from@from.test" });
  return await deliverMail(mail, settings, environment, { hostName: "node.test", timeout: 10_000 });
}

Deno.test("the token is asked for while the connection is opened", async () => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  // The smarthost greets when the token server has been asked, and that answers once it has.
  const { promise: greeted, resolve: onGreeted } = Promise.withResolvers<void>();
  const greeting: Action = async (peer) => {
    await asked;
    await peer.send(bytesOf("220 scripted.test ESMTP\r\n"));
    onGreeted();
  };
  const answer: Action = async (peer) => {
    onAsked();
    await greeted;
    await TOKEN(peer);
  };
  await withServers({ script: { greeting }, answer }, async (servers) => {
    assert.equal((await deliver(servers)).status, 0);
    assert.equal(servers.smtp.messages().length, 1);
  });
});

Deno.test("if the connection fails, the request for the token is aborted", async () => {
  const script = { greeting: reply("554 5.3.2 No service") };
  await withServers({ script, answer: silence() }, async (servers) => {
    await assert.rejects(
      deliver(servers),
      (error) => error instanceof Failure && error.details.status === 69,
    );
    await servers.tokens.settled();
  });
});

Deno.test("what is thrown holds nothing of the token, nor of what was said with it", async () => {
  const { username, password: token } = OAUTH2_LOGIN;
  const response = btoa(`user=${username}\x01auth=Bearer ${token}\x01\x01`);
  const script = { auth: reply(`535 5.7.8 You said ${token}, in base64 ${response}`) };
  await withServers({ script }, async (servers) => {
    await assert.rejects(deliver(servers), (error) => {
      assert.ok(error instanceof Failure);
      assert.match(errorText(error) ?? "", /535 5\.7\.8 You said \*\*\*, in base64 \*\*\*$/);
      const { cause: _, ...details } = error.details;
      const all = `${error.message} ${error.stack} ${JSON.stringify(details)}`;
      assert.ok(!all.includes(token) && !all.includes(response), all);
      return true;
    });
  });
});

Deno.test("settings that cannot work are refused before anything is sent", async () => {
  const wrong: [Partial<SmarthostSettings>, string][] = [
    [{ encrypt_smtp: "none" }, "encrypt_smtp"],
    [{ username: "" }, "username"],
    [{ oauth2_token_url: "http://login.test/" }, "oauth2_token_url"],
    [{ oauth2_client_secret: "" }, "oauth2_client_secret"],
  ];
  await withServers({}, async (servers) => {
    for (const [given, field] of wrong) {
      await assert.rejects(deliver(servers, given), (error) => {
        assert.ok(error instanceof Failure);
        assert.deepEqual([error.details.status, error.details.where], [78, field]);
        return true;
      });
    }
    assert.deepEqual([servers.smtp.conversations.length, servers.tokens.requests.length], [0, 0]);
  });
});

Deno.test("without a token URL no token is requested, and the password is sent", async () => {
  await withServers({}, async (servers) => {
    const { password } = OAUTH2_LOGIN;
    const outcome = await deliver(servers, { oauth2_token_url: "", password });
    assert.equal(outcome.status, 0);
    assert.deepEqual(servers.tokens.requests, []);
    assert.ok(servers.smtp.commands().some((line) => line.startsWith("AUTH PLAIN ")));
  });
});
