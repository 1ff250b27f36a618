/**
 * The table of slips: what is wrong, and what the program says.
 *
 * @module
 */

import type { Folder } from "../hosts/folder.ts";
import { ownNetwork, REDIS_INSIDE } from "../hosts/network.ts";
import { sandbox } from "../hosts/sandbox.ts";
import type { Circumstances } from "../program/program.ts";
import { underThisRuntime } from "../program/runtimes.ts";
import { type Authority, certificateAuthority, selfSigned } from "./certificates.ts";
import { FOR_AUTHORITY, forServer, makeCertificate } from "./certificate_maker.ts";
import { dateAfter } from "./dates.ts";
import { raw, reply } from "./peer.ts";
import type { SmarthostHash } from "./redis.ts";
import type { RedisScript } from "./redis_scripted.ts";
import { HOST_NAME } from "./smarthost.ts";
import type { Script, ScriptedOptions } from "./smtp_conversation.ts";
import { closedPort } from "./tcp.ts";

/** Whom the server lets in. */
export const LOGIN = { username: "alerts@mail.test", password: "correct horse battery" };

/** What the right settings have; a slip changes one of them, or the server. */
export const RIGHT: SmarthostHash = { host: "localhost", encrypt_smtp: "starttls", ...LOGIN };

/** The sender of a slip that is not about senders. */
const SENDER = `no-reply@${HOST_NAME}`;

/** The recipient of a slip that is not about recipients. */
export const RECIPIENT = "admin@dest.test";

/** Seconds that a server is waited for which never answers. */
const SHORT = "1";

/** What a slip is made of, before its servers run. */
export type Making = {
  name: string;
  /** What is wrong in the settings. */
  hash?: SmarthostHash;
  /** What the server does, where that is not the usual. */
  script?: Script;
  options?: ScriptedOptions;
  /** The arguments, where they are other than one recipient. */
  args?: string[];
  /** The settings' port, where no server listens. */
  port?: number;
  /** What is different around the program. */
  around?: Circumstances;
  /** What Redis does, where that is not the usual. */
  redis?: RedisScript;
  /** False where no other program has the like. */
  isComparable?: false;
  recipient?: string;
  status: number;
  /** What is said behind `Error: `, with SERVER for `host:port`. */
  says: string;
};

/** All slips; `deaf` is a port of this host that answers nobody. */
export async function slipTable(
  folder: Folder,
  authority: Authority,
  deaf: number,
): Promise<Making[]> {
  return [
    ...await settingsSlips(folder),
    ...networkSlips(deaf),
    ...await certificateSlips(folder, authority),
    ...serverSlips(),
    ...callSlips(),
  ];
}

/** Slips in the settings. */
async function settingsSlips(folder: Folder): Promise<Making[]> {
  const inEtc = async (file: string, content: string) =>
    sandbox({
      hostName: HOST_NAME,
      replaced: { [`/etc/${file}`]: await folder.write(file, content) },
    });
  return [
    {
      name: "a host name with a typo",
      hash: { host: "lcoalhost.example" },
      around: { under: await inEtc("nsswitch.conf", "hosts: files\n") },
      status: 68,
      says: "Cannot resolve the smarthost's name (SERVER): name not found",
    },
    {
      name: "a name service that is down",
      hash: { host: "mail.example.org" },
      around: {
        under: await inEtc("resolv.conf", "nameserver 127.0.0.68\noptions timeout:1 attempts:1\n"),
      },
      status: 75,
      says: "Cannot resolve the smarthost's name (SERVER): the name service does not answer",
    },
    {
      name: "a URL as host",
      hash: { host: "smtp://localhost" },
      status: 78,
      says: 'The smarthost settings are wrong (host): "smtp://localhost" is a URL, and only its ' +
        "host belongs there",
    },
    {
      name: "a host with a port",
      hash: { host: "localhost:587" },
      status: 78,
      says: 'The smarthost settings are wrong (host): "localhost:587" has a port in it, which ' +
        "belongs in the field port",
    },
    {
      name: "a blank behind the host",
      hash: { host: "localhost " },
      status: 78,
      says: 'The smarthost settings are wrong (host): "localhost " has blanks in it',
    },
    {
      name: "a port where nobody listens",
      port: closedPort(),
      status: 75,
      says: "Cannot connect to the smarthost (SERVER): connection refused",
    },
    {
      name: "starttls on port 465",
      port: 465,
      hash: { encrypt_smtp: "starttls" },
      around: {
        // It says nothing until it hears something in TLS, and then that it wants to hear no more.
        under: ownNetwork(
          { port: 465, encryption: "starttls" },
          `client.recv(4096) and client.sendall(bytes.fromhex("15030300020228"))`,
          { hostName: HOST_NAME },
        ),
        env: REDIS_INSIDE,
      },
      args: ["--timeout", "50", RECIPIENT],
      status: 76,
      says:
        "No greeting from the smarthost (SERVER): timed out after 4 s; the server expects TLS " +
        'from the first byte, so encrypt_smtp has to be "tls", and it is "starttls"',
    },
    {
      name: "tls on port 587",
      port: 587,
      hash: { encrypt_smtp: "tls" },
      around: {
        under: ownNetwork(
          { port: 587, encryption: "tls" },
          `client.sendall(b"220 mail.test ESMTP\\r\\n")`,
          { hostName: HOST_NAME },
        ),
        env: REDIS_INSIDE,
      },
      status: 76,
      says: "TLS handshake failed (SERVER): the server does not answer in TLS; on port 587 " +
        'encrypt_smtp is usually "starttls", and it is "tls"',
    },
    {
      name: "tls on another port where TLS begins with STARTTLS",
      hash: { encrypt_smtp: "tls" },
      status: 76,
      says: "TLS handshake failed (SERVER): the server does not answer in TLS; encrypt_smtp is " +
        '"tls", and the server may want "starttls"',
    },
    {
      name: "a wrong user name",
      hash: { username: "alert@mail.test" },
      status: 77,
      says: "Login refused (SERVER): 535 5.7.8 Authentication credentials invalid",
    },
    {
      name: "a wrong password",
      hash: { password: "correct horse batery" },
      status: 77,
      says: "Login refused (SERVER): 535 5.7.8 Authentication credentials invalid",
    },
    {
      name: "no encryption where logins are offered inside TLS alone",
      hash: { encrypt_smtp: "none" },
      options: { auth: "HELP" },
      status: 77,
      says: "Cannot log in (SERVER): the server offers no login; it offers STARTTLS, and " +
        'encrypt_smtp is "none"',
    },
    {
      name: "a smarthost that is not enabled",
      hash: { enabled: "0" },
      isComparable: false,
      status: 78,
      says: "Smarthost is not enabled.",
    },
    {
      name: "a smarthost without a host",
      hash: { host: "" },
      status: 78,
      says: "Smarthost is not configured: its host is empty",
    },
  ];
}

/** Slips of the network, and of Redis. */
function networkSlips(deaf: number): Making[] {
  const down = `127.0.0.1:${closedPort()}`;
  return [
    {
      name: "a firewall that drops everything",
      port: deaf,
      hash: { host: "127.0.0.1" },
      args: ["--timeout", SHORT, RECIPIENT],
      status: 75,
      says: "Cannot connect to the smarthost (SERVER): timed out after 1 s",
    },
    {
      name: "a host without a network",
      port: 25,
      hash: { host: "192.0.2.1" },
      around: {
        under: ownNetwork({ port: 25, encryption: "starttls", host: "192.0.2.1" }, undefined, {
          hostName: HOST_NAME,
        }),
        env: REDIS_INSIDE,
      },
      status: 75,
      says: "Cannot connect to the smarthost (SERVER): network is unreachable",
    },
    {
      name: "a firewall that refuses",
      port: 25,
      hash: { host: "192.0.2.1" },
      around: {
        under: ownNetwork(
          { port: 25, encryption: "starttls", host: "192.0.2.1", route: "unreachable" },
          undefined,
          { hostName: HOST_NAME },
        ),
        env: REDIS_INSIDE,
      },
      status: 75,
      says: "Cannot connect to the smarthost (SERVER): no route to host",
    },
    {
      name: "a Redis that refuses the login",
      redis: { AUTH: raw("-WRONGPASS invalid username-password pair or user is disabled.\r\n") },
      isComparable: false,
      status: 77,
      says:
        "Redis refused the login (REDIS): WRONGPASS invalid username-password pair or user is " +
        "disabled.",
    },
    {
      name: "a Redis that is down",
      around: { env: { REDIS_ADDRESS: down } },
      isComparable: false,
      status: 75,
      says: `Redis does not answer (${down}): connection refused`,
    },
  ];
}

/** Slips with certificates. */
async function certificateSlips(folder: Folder, authority: Authority): Promise<Making[]> {
  const ended = await authority.issue({ valid: [-10, -1] });
  const other = await authority.issue({ names: ["DNS:mail.example.org"] });
  await using stranger = await certificateAuthority("Some other authority");
  const foreign = await stranger.issue();
  const own = await selfSigned(folder);
  const root = await makeCertificate(folder, "root", {
    subject: "/CN=Root",
    extensions: FOR_AUTHORITY,
  });
  const plain = await makeCertificate(folder, "plain", { extensions: forServer(), issuer: root });
  const onlyName = { ...own, key: await Deno.readTextFile(plain.key), chain: plain.pem };
  const invalid = "Certificate of the smarthost is not valid (SERVER): ";
  return [
    {
      name: "an expired certificate",
      options: { certificate: ended },
      status: 77,
      says: `${invalid}expired on ${dateAfter(-1)}`,
    },
    {
      name: "a certificate for another name",
      options: { certificate: other },
      status: 77,
      says: `${invalid}not made for localhost, only for mail.example.org`,
    },
    {
      name: "a certificate of an unknown authority",
      options: { certificate: foreign },
      status: 77,
      says: `${invalid}issued by an authority that this host does not trust (Some other ` +
        "authority), unless the server leaves out a certificate in between",
    },
    {
      name: "a self-signed certificate",
      options: { certificate: own },
      status: 77,
      says: `${invalid}self-signed, and not trusted by this host`,
    },
    {
      name: "a certificate with a common name alone",
      options: { certificate: onlyName },
      around: { env: { SSL_CERT_FILE: root.certificate } },
      // The current Deno takes it, as OpenSSL does.
      ...underThisRuntime({
        older: {
          status: 77,
          says: `${invalid}it names localhost only as its common name, and not as subjectAltName`,
        },
        current: { status: 0, says: "" },
      }),
    },
  ];
}

/** What a server refuses. */
function serverSlips(): Making[] {
  return [
    {
      name: "a server without a login",
      options: { auth: "HELP" },
      status: 77,
      says: "Cannot log in (SERVER): the server offers no login",
    },
    {
      name: "a server without STARTTLS",
      options: { encryption: "none" },
      status: 76,
      says:
        "Smarthost does not offer STARTTLS (SERVER): the settings demand it, so nothing was sent",
    },
    {
      name: "a host that the server does not talk to",
      script: { greeting: reply("554 5.7.1 Your address is on a blocklist") },
      status: 69,
      says: "The smarthost said no (SERVER): 554 5.7.1 Your address is on a blocklist",
    },
    {
      name: "a sender that the server does not allow",
      args: ["-f", "other@mail.test", RECIPIENT],
      script: { mail: reply("550 5.7.1 Not your address") },
      status: 69,
      says: "Sender refused (SERVER): other@mail.test: 550 5.7.1 Not your address",
    },
    {
      name: "a recipient whom the server does not know",
      script: { rcpt: reply("550 5.1.1 User unknown") },
      status: 67,
      says: `Recipient refused (SERVER): ${RECIPIENT}: 550 5.1.1 User unknown`,
    },
    {
      name: "a server that does not relay",
      script: { rcpt: reply("554 5.7.1 Relay access denied") },
      status: 67,
      says: `Recipient refused (SERVER): ${RECIPIENT}: 554 5.7.1 Relay access denied`,
    },
    {
      name: "no user name and no password where the server demands a login",
      hash: { username: "", password: "" },
      script: { mail: reply("530 5.7.0 Authentication required") },
      status: 77,
      says:
        `Sender refused (SERVER): ${SENDER}: 530 5.7.0 Authentication required; the settings have ` +
        "no user name and no password",
    },
    {
      name: "a message that is too large",
      options: { capabilities: ["PIPELINING", "SIZE 500"] },
      around: { stdin: "The disk is full.\n".repeat(100) },
      status: 65,
      says: "Message too large (SERVER): it has 2168 bytes, the server takes 500",
    },
  ];
}

/** Slips in the call. */
function callSlips(): Making[] {
  return [
    {
      name: "no recipient",
      args: ["-s", "Alarm"],
      isComparable: false,
      status: 64,
      says: "At least one recipient is required.",
    },
    {
      name: "an option with a typo",
      args: ["--subjct", "Alarm", RECIPIENT],
      isComparable: false,
      status: 64,
      says: "Unknown option --subjct: did you mean --subject? see ns8-sendmail --help",
    },
    {
      name: "an address with a typo",
      args: ["admin@"],
      recipient: "admin@",
      status: 64,
      says: 'Bad address in the recipients: nothing after @: "admin@"',
    },
    {
      name: "two addresses without a comma",
      args: ["a@dest.test <b@dest.test> c@dest.test"],
      recipient: "a@dest.test <b@dest.test> c@dest.test",
      status: 64,
      says: "Bad address in the recipients: two addresses need a comma: " +
        '"a@dest.test <b@dest.test> c@dest.test"',
    },
    {
      name: "a disk that is full",
      args: ["--dry-run", RECIPIENT],
      around: { redirect: ">/dev/full" },
      isComparable: false,
      status: 74,
      says: "Cannot write to standard output: no space left on the device",
    },
  ];
}
