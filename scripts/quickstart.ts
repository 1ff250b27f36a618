/**
 * Runs the manual's own example through the compiled executable, with a Redis and a mail server
 * that live as long as this script. Started by quickstart.sh.
 *
 * @module
 */

import { certificateAuthority } from "../tests/support/servers/certificates.ts";
import type { MailServer, StoredMessage } from "../tests/support/servers/mail_server.ts";
import { redisServer, smarthostHash } from "../tests/support/servers/redis.ts";
import { honestSmtp } from "../tests/support/servers/smtp_honest.ts";

const FOLDER = `${import.meta.dirname}/../dist`;
const EXAMPLE =
  `echo "Hello, world!" | ns8-sendmail -s "My test mail" -f "no-reply@nethserver.org" user@test.org`;
const LOGIN = { username: "ns8-agent", password: crypto.randomUUID() };

/** Prints the next step. */
function say(line: string): void {
  console.log(`==> ${line}`);
}

/** Shows a command and runs it, and gives its exit status. */
async function run(command: string, env: Record<string, string>): Promise<number> {
  console.log(`$ ${command}`);
  const { code } = await new Deno.Command("/bin/sh", {
    args: ["-c", command],
    clearEnv: true,
    env: { PATH: `${FOLDER}:/usr/bin:/bin`, ...env },
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  return code;
}

function show({ sender, recipients, encrypted, username, content }: StoredMessage): void {
  const how = encrypted ? "encrypted" : "in the clear";
  say(
    `The mail server got it ${how}, from ${username}: <${sender}> to <${recipients.join(">, <")}>`,
  );
  console.log(new TextDecoder().decode(content));
}

/** Shows the settings, runs the example and shows what arrived; gives an exit status. */
async function demonstrate(mail: MailServer, env: Record<string, string>): Promise<number> {
  say("The settings of the smarthost, as they are stored in Redis");
  await run("ns8-sendmail --settings", env);
  say("The example of the manual");
  const status = await run(EXAMPLE, env);
  say(`Exit status ${status}`);
  const [message] = await mail.messages();
  if (message === undefined) return status || 1;
  show(message);
  return status;
}

/** Gives the exit status of a shell when somebody ends the script. */
function interruption(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  Deno.addSignalListener("SIGINT", () => resolve(130));
  Deno.addSignalListener("SIGTERM", () => resolve(143));
  return promise;
}

/** Starts the servers, and takes them down whatever happens. */
async function main(): Promise<number> {
  const interrupted = interruption();
  await using authority = await certificateAuthority();
  const certificate = await authority.issue();
  await using mail = await honestSmtp({ encryption: "starttls", certificate, login: LOGIN });
  const hash = smarthostHash(mail, { encrypt_smtp: "starttls", ...LOGIN });
  await using redis = await redisServer(hash);
  say(`Redis is at ${redis.address}, the mail server at ${mail.host}:${mail.port}`);
  const env = { REDIS_ADDRESS: redis.address, SSL_CERT_FILE: authority.certificateFile };
  return await Promise.race([demonstrate(mail, env), interrupted]);
}

const status = await main();
say("Both servers are down again");
Deno.exit(status);
