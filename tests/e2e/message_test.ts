/** The contract's chapter "The message": what comes in, and every byte that goes out. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { assertSilentSuccess } from "../support/program/assertions.ts";
import { certificateAuthority } from "../support/servers/certificates.ts";
import { run } from "../support/program/command.ts";
import { assertGolden, goldenMessages, inFixedForm } from "../support/mail/golden.ts";
import { dryRun, smarthost } from "../support/servers/smarthost.ts";

for (const golden of goldenMessages()) {
  const { name, arguments: args, input } = golden;
  Deno.test(`to the last byte, the server hears what tests/fixtures says: ${name}`, async () => {
    await using host = await smarthost();
    const start = Date.now();
    assertSilentSuccess(await host.submit(args, input));
    const [conversation, ...others] = host.server.conversations;
    assert.deepEqual(others, []);
    assertGolden(golden, inFixedForm(conversation?.saidText() ?? "", start));
  });
}

/** The message in what a client has said: without the commands around it and the doubled dots. */
function messageIn(wire: string): string {
  const [, data = ""] = /\r\nDATA\r\n(.*)\.\r\nQUIT\r\n$/s.exec(wire) ?? [];
  return data.replace(/^\./gm, "");
}

for (const { name, arguments: args, input, wire } of goldenMessages()) {
  Deno.test(`--dry-run writes the very bytes that would go out: ${name}`, async () => {
    const start = Date.now();
    const { status, stderr, output } = await dryRun(args, input);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.equal(inFixedForm(Buffer.from(output).toString("latin1"), start), messageIn(wire));
  });
}

/** Everything that a careless hand on a message would change: spaces, dots, 8-bit data, line ends. */
const FRAGILE = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n" +
  "- dashes \t\n.\n..dots\nFrom here\n\n \nGrüße" + " and a long line".repeat(100) + "\n\n\n";

for (const lineEnds of ["LF", "CRLF"]) {
  for (const args of [["bob@example.net"], ["-t"], ["-s", "another subject", "bob@example.net"]]) {
    Deno.test(`a signature still verifies when it arrives (${lineEnds}, ${args})`, async () => {
      await using authority = await certificateAuthority();
      const { keyFile, chainFile } = await authority.issue({ purpose: "emailProtection" });
      const fields = ["-from", "jane@example.org", "-to", "bob@example.net", "-subject", "signed"];
      const sign = [
        "openssl",
        "smime",
        "-sign",
        "-signer",
        chainFile,
        "-inkey",
        keyFile,
        ...fields,
      ];
      const signed = await run(lineEnds === "LF" ? sign : [...sign, "-crlfeol"], {
        stdin: FRAGILE,
      });
      assert.equal(signed.status, 0, signed.stderr);
      assert.match(signed.stdout, /^Content-Type: multipart\/signed/m);

      await using host = await smarthost();
      assertSilentSuccess(await host.submit(args, `Bcc: archive@example.org\n${signed.stdout}`));
      const content = host.server.messages()[0]?.content ?? new Uint8Array();
      const verify = ["openssl", "smime", "-verify", "-CAfile", authority.certificateFile];
      const verified = await run(verify, { stdin: content });
      assert.equal(verified.status, 0, verified.stderr);
      assert.equal(verified.stdout, FRAGILE.replaceAll("\n", "\r\n"));

      // The same is said of no other message.
      const changed = Buffer.from(content).toString().replace("From here", ">From here");
      assert.notEqual((await run(verify, { stdin: changed })).status, 0);
    });
  }
}
