/**
 * Programs that call sendmail: the command lines that they really use, and the messages that they
 * really send, as another reader of messages understands what then arrives.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { run } from "../support/program/command.ts";
import { goldenMessage } from "../support/mail/golden.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { HOST_NAME, smarthost } from "../support/servers/smarthost.ts";

type Caller = {
  /** The folder in tests/fixtures/messages. */
  golden: string;
  sender: string;
  recipients: string[];
  /** Name and address of the author. */
  author: [name: string, address: string];
  subject: string;
};

/**
 * Messages with a header of their own. The sources: Debian's cron, cronie, Vixie's and busybox' crond
 * (do_command.c, crond.c), PHP (ext/standard/mail.c), PHPMailer, fail2ban (action.d/sendmail-*),
 * mdadm (Monitor.c), logwatch.pl, mutt (sendlib.c), git-send-email, unattended-upgrade.
 */
const CALLERS: Caller[] = [
  {
    golden: "cron-debian",
    sender: "root@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["", "root@node.example.org"],
    subject: "Cron <root@node> test -x /usr/sbin/anacron || " +
      "( cd / && run-parts --report /etc/cron.daily )",
  },
  {
    golden: "cron-debian-utf8",
    sender: "root@node.example.org",
    recipients: ["admin@example.org"],
    author: ["", "root@node.example.org"],
    subject: "Cron <root@node> /usr/local/bin/sicherung --ziel /mnt/käse",
  },
  {
    golden: "cron-cronie",
    sender: "root@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["(Cron Daemon)", "root@node.example.org"],
    subject: "Cron <root@node> /usr/local/bin/check-raid",
  },
  {
    golden: "cron-cronie-mailto",
    sender: "cron@example.org",
    recipients: ["ops@example.org", "night-shift@example.net"],
    author: ["(Cron Daemon)", "cron@example.org"],
    subject: "Cron <backup@node> restic backup /srv",
  },
  {
    golden: "cron-cronie-old",
    sender: "root@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["", "root@node.example.org"],
    subject: "Cron <root@node> /etc/cron.hourly/tidy",
  },
  {
    golden: "cron-vixie",
    sender: "root@node.example.org",
    recipients: ["operator@node.example.org"],
    author: ["", "root@node.example.org"],
    subject: "Cron <operator@node> newsyslog",
  },
  {
    golden: "cron-busybox",
    sender: "no-reply@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["", "no-reply@node.example.org"],
    subject: "cron: /usr/libexec/atrun",
  },
  {
    golden: "php-mail",
    sender: "shop@example.com",
    recipients: ["jane@example.org"],
    author: ["Shop", "shop@example.com"],
    subject: "Willkommen, Jürgen!",
  },
  {
    golden: "php-mail-bare",
    sender: "no-reply@node.example.org",
    recipients: ["webmaster@example.org"],
    author: ["", "no-reply@node.example.org"],
    subject: "contact form",
  },
  {
    golden: "php-mail-7",
    sender: "www-data@example.com",
    recipients: ["bob@example.net", "audit@example.com"],
    author: ["Example", "noreply@example.com"],
    subject: "Your password",
  },
  {
    golden: "php-phpmailer",
    sender: "wordpress@example.com",
    recipients: ["jane@example.org", "bob@example.net", "log@example.com"],
    author: ["WordPress", "wordpress@example.com"],
    subject: '[Example Blog] Please moderate: "Hello world!"',
  },
  {
    golden: "fail2ban-banned",
    sender: "fail2ban@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["Fail2Ban", "fail2ban@node.example.org"],
    subject: "[Fail2Ban] sshd: banned 192.0.2.7 from node.example.org",
  },
  {
    golden: "fail2ban-started",
    sender: "root@node.example.org",
    recipients: ["root@localhost"],
    author: ["Fail2Ban", "root@node.example.org"],
    subject: "[Fail2Ban] postfix-sasl: started on node.example.org",
  },
  {
    golden: "mdadm",
    sender: "root@node.example.org",
    recipients: ["root@localhost"],
    author: ["mdadm monitoring", "root@node.example.org"],
    subject: "DegradedArray event on /dev/md127:node.example.org",
  },
  {
    golden: "logwatch",
    sender: "Logwatch@node.example.org",
    recipients: ["root@node.example.org"],
    author: ["", "Logwatch@node.example.org"],
    subject: "Logwatch for node.example.org (Linux)",
  },
  {
    golden: "logwatch-html",
    sender: "logwatch@node.example.org",
    recipients: ["admin@example.org"],
    author: ["Logwatch on node", "logwatch@node.example.org"],
    subject: "Logwatch for node (Linux)",
  },
  {
    golden: "mutt",
    sender: "jane@example.org",
    recipients: ["bob@example.net", "carol@example.com"],
    author: ["Jane Doe", "jane@example.org"],
    subject: "Re: notes",
  },
  {
    golden: "mutt-bcc-only",
    sender: "jane@example.org",
    recipients: ["dave@example.com"],
    author: ["Jane Doe", "jane@example.org"],
    subject: "the attached",
  },
  {
    golden: "mutt-bounce",
    sender: "jane@example.org",
    recipients: ["erin@example.net"],
    author: ["Bob", "bob@example.net"],
    subject: "notes",
  },
  {
    golden: "git-send-email",
    sender: "jane@example.org",
    recipients: ["list@example.net", "jane@example.org"],
    author: ["Jane Doe", "jane@example.org"],
    subject: "[PATCH v2 1/2] lines: end every line in CRLF",
  },
  {
    golden: "unattended-upgrades",
    sender: "root@node.example.org",
    recipients: ["admin@example.org"],
    author: ["", "root@node.example.org"],
    subject: "[reboot required] unattended-upgrades result for node.example.org: SUCCESS",
  },
  {
    golden: "systemd-onfailure",
    sender: "root@node",
    recipients: ["admin@example.org"],
    author: ["systemd", "root@node"],
    subject: "backup.service",
  },
];

/** Header and body of a message, one character a byte, lines in LF. */
function halvesOf(message: Uint8Array): [header: string, body: string] {
  const text = Buffer.from(message).toString("latin1").replaceAll("\r\n", "\n");
  const end = text.indexOf("\n\n");
  return [text.slice(0, end + 1), text.slice(end + 2)];
}

for (const { golden, sender, recipients, author, subject } of CALLERS) {
  Deno.test(`${golden}: what the caller means arrives, and its message stays as it is`, async () => {
    const { arguments: args, input } = goldenMessage(golden);
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(args, input));
    const [message, ...others] = host.server.messages();
    assert.deepEqual(others, []);
    assert.ok(message);
    assert.deepEqual({ sender: message.sender, recipients: message.recipients }, {
      sender,
      recipients,
    });

    const [header, body] = halvesOf(message.content);
    const [ownHeader, ownBody] = halvesOf(input);
    const withoutBcc = ownHeader.replace(/^Bcc: .*\n/m, "");
    const withoutHost = (text: string) => text.replaceAll(`@${HOST_NAME}`, "");
    assert.ok(withoutHost(header).startsWith(withoutHost(withoutBcc)), header);
    assert.equal(body, ownBody.replace(/(?<!\n)$/, "\n"));

    await using reader = await mailReader();
    const read = await reader.read(message.content);
    assert.deepEqual(read.mailboxes.From, [author]);
    assert.deepEqual(read.all("Subject"), [subject]);
    for (const name of ["Date", "Message-ID", "MIME-Version", "To"]) {
      assert.equal(read.all(name).length, 1, name);
    }
    assert.deepEqual(read.defects, []);
    assert.deepEqual(read.parts.flatMap(({ defects }) => defects), []);
  });
}

/** Texts, as for `mail -s`: who gets them, and with which type. */
const TEXTS: [golden: string, sender: string, recipients: string[], type: string][] = [
  ["smartd", "no-reply@node.example.org", [
    "root@node.example.org",
    "admin@example.org",
  ], "text/plain"],
  ["nagios", "nagios@mon.example.org", ["oncall@example.org"], "text/plain"],
  ["cluster-notification", "no-reply@nethserver.org", ["admin@example.org"], "text/html"],
];

for (const [golden, sender, recipients, type] of TEXTS) {
  Deno.test(`${golden}: the text arrives under the subject of -s`, async () => {
    const { arguments: args, input } = goldenMessage(golden);
    await using host = await smarthost();
    assertSilentSuccess(await host.submit(args, input));
    const [message] = host.server.messages();
    assert.ok(message);
    assert.deepEqual([message.sender, message.recipients], [sender, recipients]);
    await using reader = await mailReader();
    const read = await reader.read(message.content);
    assert.deepEqual(read.all("Subject"), [args[args.indexOf("-s") + 1]]);
    assert.equal(read.parts[0]?.type, type);
    assert.equal(read.text().replaceAll("\r\n", "\n"), new TextDecoder().decode(input));
    assert.deepEqual(read.defects, []);
  });
}

Deno.test("mailx sends a message with an attachment through the executable", async () => {
  await using host = await smarthost();
  const { redis, under = [] } = host.circumstances;
  const mailx = ["s-nail", "-:/", "-S", "v15-compat", "-S", "sendwait", "-S", `mta=${EXECUTABLE}`]
    .concat("-S", "sendcharsets=utf-8", "-r", "jane@example.org", "-s", "Größe");
  const attachment = new URL("../fixtures/messages/text-nul/input", import.meta.url).pathname;
  const recipients = ["-c", "carol@example.com", "-b", "dave@example.com", "bob@example.net"];
  const args = [...under, ...mailx, "-a", attachment, ...recipients];
  const text = "Grüße\n.\nFrom here on.\n";
  const env = { HOME: "/", LANG: "C.UTF-8", REDIS_ADDRESS: redis?.address ?? "" };
  assert.deepEqual(await run(args, { env, stdin: text }), { status: 0, stdout: "", stderr: "" });
  await host.server.settled();
  const [message] = host.server.messages();
  assert.ok(message);
  assert.equal(message.sender, "jane@example.org");
  assert.deepEqual(message.recipients, [
    "bob@example.net",
    "carol@example.com",
    "dave@example.com",
  ]);
  await using reader = await mailReader();
  const read = await reader.read(message.content);
  assert.deepEqual(read.all("Subject"), ["Größe"]);
  assert.deepEqual(read.mailboxes.Bcc, []);
  const [body, file] = read.parts;
  const received = new TextDecoder().decode(body?.content).replaceAll("\r\n", "\n");
  assert.equal(received.trimEnd(), text.trimEnd());
  assert.deepEqual(file?.content, await Deno.readFile(attachment));
});

/** As fail2ban writes it: `%b` makes lines of `\n`, and the last one has no end. */
const SHELL = `printf %b "Subject: [Fail2Ban] sshd: banned 192.0.2.7 from node
Date: \`LC_ALL=C date +"%a, %d %h %Y %T %z"\`
From: Fail2Ban <fail2ban>
To: root\\n
Hi,\\n
The address is shut out.\\n
Fail2Ban" | "$0" -f "fail2ban" "root"`;

Deno.test("fail2ban's shell command sends its message through the executable", async () => {
  await using host = await smarthost();
  const { redis, under = [] } = host.circumstances;
  const args = [...under, "/bin/sh", "-c", SHELL, EXECUTABLE];
  assert.deepEqual(await run(args, { env: { REDIS_ADDRESS: redis?.address ?? "" } }), {
    status: 0,
    stdout: "",
    stderr: "",
  });
  await host.server.settled();
  const [message] = host.server.messages();
  assert.ok(message);
  assert.equal(message.sender, "fail2ban@node.example.org");
  assert.deepEqual(message.recipients, ["root@node.example.org"]);
  await using reader = await mailReader();
  const read = await reader.read(message.content);
  assert.deepEqual(read.mailboxes.From, [["Fail2Ban", "fail2ban@node.example.org"]]);
  assert.equal(read.all("Date").length, 1);
  assert.equal(read.text(), "Hi,\r\n\r\nThe address is shut out.\r\n\r\nFail2Ban\r\n");
});
