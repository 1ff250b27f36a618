/**
 * Dovecot's submission service, which lets in whoever has a token, and checks the token itself: a
 * JWT (RFC 9068) signed by a key that it has, for its audience, active, and not expired. It relays
 * what it takes to another server.
 *
 * @module
 */

import { type Folder, temporaryFolder } from "../hosts/folder.ts";
import { hasPackages, withPackages } from "../hosts/package_root.ts";
import { projectFile, start } from "../program/command.ts";
import type { Certificate } from "./certificates.ts";
import { freePort, LOOPBACK } from "./tcp.ts";
import type { TokenIssuer } from "./token_issuer.ts";

/** A running Dovecot, ended by its disposal. */
export type Dovecot = AsyncDisposable & {
  readonly host: string;
  /** The port of STARTTLS, and the one of TLS from the first byte. */
  readonly port: number;
  readonly tlsPort: number;
  /** What it has logged. */
  readonly log: readonly string[];
};

/** How it is set up. */
export type DovecotOptions = {
  certificate: Certificate;
  /** Whose tokens it takes. */
  issuer: Pick<TokenIssuer, "issuer" | "key">;
  /** What has to stand in a token as its audience. */
  audience: string;
  /** As the EHLO reply has them: XOAUTH2, OAUTHBEARER. */
  mechanisms: readonly string[];
  /** Where the mail goes. */
  relay: { host: string; port: number };
};

const READY = "starting up for submission";

/** Whether this host can run it. */
export function canRunDovecot(): boolean {
  return hasPackages("postfix");
}

/** Starts Dovecot on free ports. */
export async function dovecot(options: DovecotOptions): Promise<Dovecot> {
  const folder = await temporaryFolder();
  const { issuer: { key } } = options;
  await Deno.mkdir(folder.file("keys/default/RS256"), { recursive: true });
  await folder.write(`keys/default/RS256/${key.id}`, key.pem);
  // It opens a mailbox for whoever logs in, also where mail is only sent.
  await Deno.mkdir(folder.file("mail"));
  await Deno.chmod(folder.file("mail"), 0o777);
  await folder.write("oauth2.conf", tokenSettings(folder, options));
  const [port, tlsPort] = [freePort(), freePort()];
  await folder.write("dovecot.conf", settings(folder, options, port, tlsPort));
  // The set of packages that Postfix has its logins from.
  const script = projectFile("tests/support/servers/real/dovecot.sh");
  const server = start(withPackages("postfix", script), {
    env: { FOLDER: folder.path, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  await server.said(READY);
  return {
    host: LOOPBACK,
    port,
    tlsPort,
    log: server.lines,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Its setting for scopes is compared with the audience of a token that has no scope. */
function tokenSettings(folder: Folder, { issuer, audience }: DovecotOptions): string {
  return `
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=${folder.file("keys")}/
issuers = ${issuer.issuer}
scope = ${audience}
username_attribute = email
active_attribute = active
active_value = true
`;
}

function settings(
  folder: Folder,
  { certificate, mechanisms, relay }: DovecotOptions,
  port: number,
  tlsPort: number,
): string {
  return `
base_dir = /run/dovecot
state_dir = /run/dovecot/state
log_path = /dev/stderr
protocols = submission
listen = ${LOOPBACK}
ssl = required
ssl_cert = <${certificate.chainFile}
ssl_key = <${certificate.keyFile}
auth_mechanisms = ${mechanisms.join(" ").toLowerCase()}
auth_failure_delay = 0
auth_verbose = yes
hostname = dovecot.test
mail_location = maildir:${folder.file("mail")}/%u
submission_relay_host = ${relay.host}
submission_relay_port = ${relay.port}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=${folder.file("mail")}
}
passdb {
  driver = oauth2
  args = ${folder.file("oauth2.conf")}
}
service submission-login {
  chroot =
  inet_listener submission {
    port = ${port}
  }
  inet_listener submissions {
    port = ${tlsPort}
    ssl = yes
  }
}
service anvil {
  chroot =
}
`;
}
