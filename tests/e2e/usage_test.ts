/** The contract's chapter "Command line". */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { assertFailure, assertSilentSuccess } from "../support/program/assertions.ts";
import { mailReader } from "../support/mail/mail_reader.ts";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { EXECUTABLE, sendmail } from "../support/program/program.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** Runs against a smarthost that would take the message. */
async function sendTo(args: string[], stdin: string | Uint8Array = "Hello\n") {
  const server = await scriptedSmtp();
  await using _server = server;
  await using redis = await redisServer(smarthostHash(server));
  const run = await sendmail(args, { redis, stdin });
  await server.settled();
  return { run, server };
}

/** Every long option, and `-F`. */
const OPTIONS = [
  "--retry",
  "--version",
  "--subject",
  "--from",
  "-F",
  "--cc",
  "--bcc",
  "--read-recipients",
  "--html",
]
  .concat("--settings", "--check", "--json", "--dry-run", "--timeout", "--verbose", "--help");

for (const option of ["--help", "-h"]) {
  Deno.test(`${option} says on stdout what there is, and asks nobody`, async () => {
    const run = await sendmail([option]);
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    for (const name of OPTIONS) assert.ok(run.stdout.includes(name), name);
    assert.ok(run.stdout.includes("Example: "));
    const lines = run.stdout.split("\n");
    assert.ok(lines.length <= 26 && lines.every((line) => line.length <= 80), run.stdout);
  });
}

for (const option of ["--version", "-V"]) {
  Deno.test(`${option} says the version of deno.json on stdout`, async () => {
    const run = await sendmail([option]);
    assert.deepEqual([run.status, run.stderr], [0, ""]);
    assert.equal(run.stdout, `ns8-sendmail ${manifest.version}\n`);
  });
}

Deno.test("no recipient is 64, in the reference's words", async () => {
  for (const args of [[], ["-s", "x"], ["--"]]) {
    const run = await sendmail(args, { stdin: "Hello" });
    assertFailure(run, 64);
    assert.equal(run.stderr, "Error: At least one recipient is required.\n");
  }
});

const WRONG: [args: string[], says: string][] = [
  [["--nonsense", "a@b.test"], "--nonsense"],
  [["-y", "a@b.test"], "-y"],
  [["-bs"], "-bs"],
  [["-bp"], "-bp"],
  [["-q"], "-q"],
  [["a@b.test", "-s"], "-s"],
  [["a@b.test", "--timeout", "soon"], "--timeout"],
  [["a@b.test", "--timeout", "0"], "--timeout"],
  [["a@b.test", "--timeout=-5"], "--timeout"],
  [["-f", "a@b@c", "a@b.test"], "a@b@c"],
  [["not an address at all"], "not an address at all"],
  [["a@b.test", "--settings", "--check"], "--check"],
];

for (const [args, says] of WRONG) {
  Deno.test(`a command line like "${args.join(" ")}" is 64 and sends nothing`, async () => {
    const { run, server } = await sendTo(args);
    assertFailure(run, 64, says);
    assert.deepEqual(server.conversations, []);
  });
}

const INJECTIONS: [what: string, args: string[]][] = [
  ["a subject", ["-s", "x\nBcc: evil@x", "a@b.test"]],
  ["a subject, by CR", ["-s", "x\rBcc: evil@x", "a@b.test"]],
  ["a subject, by CRLF", ["--subject=x\r\nBcc: evil@x", "a@b.test"]],
  ["a subject, before other text", ["-s", "x\n\nbody", "a@b.test"]],
  ["a sender", ["-f", "a@b.test>\r\nRCPT TO:<evil@x", "a@b.test"]],
  ["a sender's name", ["-F", "Name\nBcc: evil@x", "a@b.test"]],
  ["a recipient", ["a@b.test\r\nRCPT TO:<evil@x>"]],
  ["a recipient's name", ['"A\nBcc: evil@x" <a@b.test>']],
  ["a cc", ["--cc", "a@b.test\nBcc: evil@x", "a@b.test"]],
  ["a bcc", ["--bcc", "a@b.test\nc@b.test", "a@b.test"]],
];

for (const [what, args] of INJECTIONS) {
  Deno.test(`a line break in ${what} is 64, and the server has seen nothing`, async () => {
    const { run, server } = await sendTo(args);
    assertFailure(run, 64);
    assert.deepEqual(server.conversations, []);
  });
}

Deno.test("line breaks at the end of addresses are dropped, and empty arguments are skipped", async () => {
  const args = ["-f", "s@b.test\n", "--cc", "c@b.test\r\n", "--bcc", "", "", "a@b.test\n"];
  const { run, server } = await sendTo(args);
  assertSilentSuccess(run);
  const [message] = server.messages();
  assert.equal(message?.sender, "s@b.test");
  assert.deepEqual(message?.recipients, ["a@b.test", "c@b.test"]);
});

for (const args of [["-h", "3"], ["-V", "id"], ["-h3"], ["-Vid"], ["-h", "-V"]]) {
  Deno.test(`a message is not lost behind ${args.join(" ")}`, async () => {
    const { run, server } = await sendTo([...args, "a@b.test"]);
    assertSilentSuccess(run);
    assert.deepEqual(server.messages().map(({ recipients }) => recipients), [["a@b.test"]]);
  });
}

const HINTS: [args: string[], says: string][] = [
  [["--subjet", "x"], "Unknown option --subjet: did you mean --subject? see ns8-sendmail --help"],
  [["--nothing"], "Unknown option --nothing: see ns8-sendmail --help"],
  [["-bp"], "-bp is not supported: there is no queue"],
  [["-q30m"], "-q is not supported: there is no queue"],
  [["-bi"], "-bi is not supported: there are no aliases"],
];

for (const [args, says] of HINTS) {
  Deno.test(`a wrong option says what is meant: ${args.join(" ")}`, async () => {
    const run = await sendmail(args);
    assert.deepEqual([run.status, run.stdout, run.stderr], [64, "", `Error: ${says}\n`]);
  });
}

for (
  const [name, says] of [["mailq", "There is no queue"], ["newaliases", "There are no aliases"]]
) {
  Deno.test(`called as ${name} the program says so and ends with 0`, async () => {
    await using folder = await temporaryFolder();
    const executable = folder.file(`${name}`);
    await Deno.symlink(EXECUTABLE, executable);
    for (const args of [[], ["-v"]]) {
      const run = await sendmail(args, { executable });
      assert.deepEqual([run.status, run.stderr], [0, ""]);
      assert.match(run.stdout, new RegExp(`^${says}: [^\\n]+\\n$`));
    }
  });
}

Deno.test("called as sendmail the program sends", async () => {
  await using folder = await temporaryFolder();
  const executable = folder.file("sendmail");
  await Deno.symlink(EXECUTABLE, executable);
  const run = await sendmail(["--dry-run", "a@b.test"], { executable, stdin: "Hello\n" });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
});

Deno.test("line breaks at the end of a subject are dropped", async () => {
  const { run, server } = await sendTo(["-s", "from a file\r\n\n", "a@b.test"]);
  assertSilentSuccess(run);
  await using reader = await mailReader();
  const read = await reader.read(server.messages()[0]?.content ?? new Uint8Array());
  assert.deepEqual(read.all("Subject"), ["from a file"]);
});

const SUBJECTS: [args: string[], subject: string][] = [
  [["-s", "-- disk full --"], "-- disk full --"],
  [["-s", "--help"], "--help"],
  [["-sText"], "Text"],
  [["-s-V"], "-V"],
  [["--subject=Text = more"], "Text = more"],
  [["--subject", "-f"], "-f"],
  [["-s", ""], ""],
  [["-s", "grün, 字"], "grün, 字"],
];

for (const [args, subject] of SUBJECTS) {
  Deno.test(`the subject is the value, whatever it looks like: ${args.join(" ")}`, async () => {
    const { run, server } = await sendTo([...args, "a@b.test"]);
    assertSilentSuccess(run);
    await using reader = await mailReader();
    const read = await reader.read(server.messages()[0]?.content ?? new Uint8Array());
    assert.deepEqual(read.all("Subject"), [subject]);
  });
}

Deno.test("what programs pass that call sendmail changes nothing", async () => {
  const ignored = ["-i", "-n", "-m", "-G", "-bm", "-oi", "-oem", "-odi", "-B8BITMIME", "-B", "7BIT"]
    .concat("-N", "never", "-Nfailure", "-R", "hdrs", "-L", "tag", "-O", "x=y", "-Ox=y")
    .concat("-em", "-e", "p", "-Ac", "-A", "m", "-p", "-X", "/tmp/log", "-X/tmp/log");
  const { run, server } = await sendTo([...ignored, "a@b.test"]);
  assertSilentSuccess(run);
  assert.deepEqual(server.messages()[0]?.recipients, ["a@b.test"]);
});

Deno.test("-- ends the options", async () => {
  const { run, server } = await sendTo(["--", "-dash@b.test"]);
  assertSilentSuccess(run);
  assert.deepEqual(server.messages()[0]?.recipients, ["-dash@b.test"]);
});

Deno.test("--dry-run writes the bytes that would go out, and needs no Redis", async () => {
  const args = ["-s", "Dry", "-f", "from@mail.test", "to@mail.test"];
  const dry = await sendmail(["--dry-run", ...args], { stdin: "one\ntwo" });
  assert.deepEqual([dry.status, dry.stderr], [0, ""]);
  const { run, server } = await sendTo(args, "one\ntwo");
  assertSilentSuccess(run);
  const sent = new TextDecoder().decode(server.messages()[0]?.content);
  // Date, Message-ID and what is made of it differ from run to run.
  const lasting = (text: string) =>
    text.split("\r\n").filter((line) => !/^(Date|Message-I)/.test(line));
  assert.deepEqual(lasting(dry.stdout), lasting(sent));
  assert.ok(dry.stdout.endsWith("\r\n\r\none\r\ntwo\r\n"), dry.stdout);
});
