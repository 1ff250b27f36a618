/** The programs of Debian that send mail, run for real with the executable as their sendmail. */

import assert from "node:assert/strict";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { hasPackages, withPackages } from "../support/hosts/package_root.ts";
import { mailReader, type ReadMessage } from "../support/mail/mail_reader.ts";
import { projectFile, start } from "../support/program/command.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { smarthost } from "../support/servers/smarthost.ts";

/** What a caller says to sendmail, and what arrives. */
type Caller = {
  /** The arguments of its last call, as far as they are the same on every host. */
  says: readonly (string | RegExp)[];
  recipients: readonly string[];
  subject: RegExp;
  body: RegExp;
  /** Which of its messages is meant, where it sends several; the first unless told otherwise. */
  message?: number;
  /** What else is true of the message. */
  more?: (message: ReadMessage) => void;
};

const CALLERS: Record<string, Caller> = {
  at: {
    says: ["-i", "root"],
    recipients: ["root@node.example.org"],
    subject: /^Output from your job +\d+$/,
    body: /^hello from at$/m,
    more: ({ all }) => assert.deepEqual(all("To"), ["root@node.example.org"]),
  },
  cron: {
    says: ["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "ann@example.test"],
    recipients: ["ann@example.test"],
    subject: /^Cron <root@node(?:\.example\.org)?> echo hello from cron$/,
    body: /^hello from cron$/m,
  },
  anacron: {
    says: [/^-FAnacron$/, /^-odi$/, "ann@example.test"],
    recipients: ["ann@example.test"],
    subject: /^Anacron job 'test' on /,
    body: /^hello from anacron$/m,
  },
  "s-nail": {
    says: ["-i", "ann@example.test"],
    recipients: ["ann@example.test"],
    subject: /^A subject$/,
    body: /^hello from s-nail$/m,
  },
  "bsd-mailx": {
    says: ["-i", "-t"],
    recipients: ["ann@example.test", "bob@example.test"],
    subject: /^A subject$/,
    body: /^hello from mailx$/m,
  },
  mutt: {
    says: ["-oem", "-oi", "ann@example.test"],
    recipients: ["ann@example.test"],
    subject: /^Grüße$/,
    body: /^hello from mutt$/m,
    more: ({ parts }) => assert.equal(parts[1]?.filename, "note.txt"),
  },
  php: {
    says: ["-t", "-i"],
    recipients: ["ann@example.test", "bob@example.test"],
    subject: /^From PHP$/,
    body: /^hello from PHP$/m,
    more: ({ all }) => assert.deepEqual(all("Bcc"), []),
  },
  git: {
    says: ["-i", "list@example.test", "ann@example.test", "bob@example.test"],
    recipients: ["list@example.test", "ann@example.test", "bob@example.test"],
    subject: /^\[PATCH\] hello from git$/,
    body: /^diff --git a\/file b\/file$/m,
  },
  mdadm: {
    says: ["-t"],
    recipients: ["root@node.example.org"],
    subject: /^TestMessage event on \/dev\/md99:node/,
    body: /TestMessage event had been detected/,
  },
  smartd: {
    says: ["-i", "-t"],
    recipients: ["ann@example.test"],
    subject: /^SMART error \(EmailTest\)/,
    body: /hello from smartd/,
  },
  fail2ban: {
    says: ["-f", "fail2ban@example.test", "ann@example.test"],
    recipients: ["ann@example.test"],
    message: 2,
    subject: /^\[Fail2Ban\] test: banned 192\.0\.2\.1 from node/,
    body: /The IP 192\.0\.2\.1 has just been banned/,
    more: ({ mailboxes }) =>
      assert.deepEqual(mailboxes.From, [["Fail2Ban", "fail2ban@example.test"]]),
  },
  logwatch: {
    says: ["-t"],
    recipients: ["ann@example.test"],
    subject: /^Logwatch for node/,
    body: /System Configuration Begin/,
  },
  "unattended-upgrades": {
    says: ["-oi", "-t"],
    recipients: ["ann@example.test"],
    subject: /^unattended-upgrades result$/,
    body: /^hello from unattended-upgrades$/m,
  },
  apcupsd: {
    says: ["-i", "-t"],
    recipients: ["root@node.example.org"],
    subject: /^node\S* Communications with UPS ups lost$/,
    body: /Communications with UPS ups lost/,
  },
  rkhunter: {
    says: ["root"],
    recipients: ["root@node.example.org"],
    subject: /^\[rkhunter\] node\S* - Weekly/,
    body: /Rootkit Hunter/i,
    more: ({ all }) => assert.deepEqual(all("To"), ["root@node.example.org"]),
  },
  sudo: {
    says: ["-t"],
    recipients: ["ann@example.test"],
    subject: /SECURITY information/,
    body: /COMMAND=\/usr\/bin\/true/,
  },
};

/** The arguments of the last call, from the file into which the calls write them. */
function lastCall(text: string): string[] {
  return text.split("==\n").at(-2)?.split("\n").slice(0, -1) ?? [];
}

for (const [name, caller] of Object.entries(CALLERS)) {
  Deno.test({
    name: `${name}: what it says to sendmail is understood, and its mail arrives`,
    ignore: !hasPackages("callers"),
    async fn() {
      await using folder = await temporaryFolder();
      await Deno.chmod(folder.path, 0o777);
      await folder.write("arguments", "");
      await Deno.chmod(folder.file("arguments"), 0o666);
      await using host = await smarthost();
      const script = projectFile("tests/support/hosts/callers.sh");
      await using running = start(withPackages("callers", script, name), {
        env: {
          EXECUTABLE,
          FOLDER: folder.path,
          REDIS_ADDRESS: host.circumstances.redis?.address ?? "",
          HOME: folder.path,
        },
      });
      const messages = await Promise.race([
        host.server.received(caller.message ?? 1),
        running.ended.then(async (status) => {
          await host.server.settled();
          const messages = host.server.messages();
          const said = [`${name} has ended with ${status}`, ...running.lines];
          if (messages.length === 0) throw new Error(said.join("\n"));
          return messages;
        }),
      ]);
      const message = messages[(caller.message ?? 1) - 1];
      assert.ok(message);
      assert.deepEqual(message.recipients.toSorted(), caller.recipients.toSorted());
      const said = lastCall(await Deno.readTextFile(folder.file("arguments")));
      for (const word of caller.says) {
        const isSaid = said.some((each) =>
          typeof word === "string" ? each === word : word.test(each)
        );
        assert.ok(isSaid, `${JSON.stringify(said)} has no ${word}`);
      }
      await using reader = await mailReader();
      const read = await reader.read(message.content);
      assert.match(read.subjects[0] ?? "", caller.subject);
      const [body] = read.parts;
      const text = new TextDecoder().decode(body?.content).replaceAll("\r\n", "\n");
      assert.match(text, caller.body);
      caller.more?.(read);
    },
  });
}
