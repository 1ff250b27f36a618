/** The listener under a real systemd, by the commands of the README. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { CHANNEL, PAYLOAD } from "../support/hosts/listener.ts";
import { bootSystemd, hasPackages } from "../support/hosts/package_root.ts";
import { denoEnvironment, projectFile, run, start } from "../support/program/command.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { readmeBlock } from "../support/program/readme.ts";
import { redisServer, smarthostHash } from "../support/servers/redis.ts";
import { scriptedSmtp } from "../support/servers/smtp_scripted.ts";

/** The units beside the listener's own. Nothing of a whole boot is waited for. */
const UNITS: Readonly<Record<string, string>> = {
  "test.target": "[Unit]\nDefaultDependencies=no\nWants=life.service\n",
  "life.service": `[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/bash /outside/life.sh
StandardOutput=file:/outside/said
StandardError=inherit
`,
  "ns8-sendmail-listener.service.d/test.conf": "[Unit]\nDefaultDependencies=no\n",
};

/** Writes what listener_life.sh needs. */
async function writeLife(folder: Folder, redis: string): Promise<void> {
  const blocks = [
    readmeBlock("install -D -m 755 /usr/share"),
    readmeBlock("sed -i 's/^Environment=REDIS_ADDRESS").replaceAll("10.5.4.1:6379", redis),
    readmeBlock("systemctl disable"),
  ];
  for (const [at, block] of blocks.entries()) await folder.write(`readme-${at + 1}.sh`, block);
  const files = {
    "life.sh": "tests/support/hosts/listener_life.sh",
    "10handler": "scripts/host/10handler",
    "ns8-sendmail-listener.service": "scripts/host/ns8-sendmail-listener.service",
    "ns8-sendmail-listener": "dist/ns8-sendmail-listener",
  };
  for (const [name, file] of Object.entries(files)) {
    await Deno.copyFile(projectFile(file), folder.file(name));
  }
  for (const [name, text] of Object.entries(UNITS)) {
    const path = folder.file(`units/${name}`);
    await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  const { status } = await run(["/usr/bin/mkfifo", folder.file("said")]);
  assert.equal(status, 0);
}

Deno.test({
  name:
    "by the README's commands, a host without an agent listens, checks mail, and is left as it was",
  ignore: !hasPackages("debian"),
  async fn() {
    const env = { ...denoEnvironment(), PATH: Deno.env.get("PATH") ?? "" };
    const compiled = await run([projectFile("scripts/compile-listener.sh")], { env });
    assert.equal(compiled.status, 0, compiled.stderr);
    await using server = await scriptedSmtp();
    await using redis = await redisServer(smarthostHash(server));
    await using folder = await temporaryFolder();
    await writeLife(folder, redis.address);
    await using life = start(["/bin/cat", folder.file("said")]);
    await using systemd = bootSystemd(folder.path, EXECUTABLE);
    const over = Promise.race([life.ended, systemd.ended]);
    await Promise.race([life.said("== listening"), over]);
    await redis.publish(CHANNEL, PAYLOAD);
    await over;
    const said = life.lines.join("\n");
    assert.ok(said.endsWith("\n== end"), [...systemd.lines, said].join("\n"));
    const line = String.raw`^\w+ \d+ [\d:]+ node\.example\.org ns8-sendmail-listener\[\d+\]: `;
    assert.match(said, new RegExp(`${line}Listening to Redis at ${redis.address}$`, "m"));
    const ended = "Handler 10handler of cluster/event/smarthost-changed ended with status 0";
    assert.match(said, new RegExp(`${line}${ended}$`, "m"));
    assert.match(said, /^Mail works with the new settings$/m);
    assert.match(said, /^== severities\n"PRIORITY":"6"$/m);
    assert.match(said, /^ActiveState=inactive$/m);
    assert.match(said, /^== what is left\nnothing is left$/m);
  },
});
