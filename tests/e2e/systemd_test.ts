/** A real systemd: the units that send mail on a host, hardened as they are there. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { bootSystemd, hasPackages } from "../support/hosts/package_root.ts";
import { EXECUTABLE } from "../support/program/program.ts";
import { smarthost } from "../support/servers/smarthost.ts";

/** All of systemd's sandbox that a mail client in C can run in, in one unit. */
const HARDENED = [
  "MemoryDenyWriteExecute=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "DynamicUser=yes",
  "NoNewPrivileges=yes",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "ProtectKernelTunables=yes",
  "ProtectControlGroups=yes",
  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
  "RestrictNamespaces=yes",
  "LockPersonality=yes",
  "SystemCallFilter=@system-service @pkey",
  "CapabilityBoundingSet=",
  "LimitNOFILE=64",
  "LimitNPROC=64",
].join("\n");

/** The units of a host, by their names; `REDIS` is where Redis is. */
const UNITS: Record<string, string> = {
  "test.target":
    "[Unit]\nDefaultDependencies=no\nWants=logrotate.service fails.service hardened.service\n",
  "fails.service":
    "[Unit]\nDefaultDependencies=no\nOnFailure=notify@%n.service\n[Service]\nType=oneshot\nExecStart=/bin/false\n",
  "notify@.service": `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment=REDIS_ADDRESS=REDIS
ExecStart=/bin/sh -c 'echo "%i has failed" | sendmail -f alarm@example.test onfailure@example.test'
`,
  "hardened.service": `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment=REDIS_ADDRESS=REDIS
${HARDENED}
ExecStart=/bin/sh -c 'echo hardened | ns8-sendmail -s Hardened hardened@example.test'
`,
  // Debian's own unit, which forbids memory that is writable and executable, with its ordering left out.
  "logrotate.service.d/test.conf":
    "[Unit]\nDefaultDependencies=no\nConditionACPower=\n[Service]\nEnvironment=REDIS_ADDRESS=REDIS\nExecStartPre=/bin/sh -c 'echo line >/var/log/test.log'\nExecStart=\nExecStart=/usr/sbin/logrotate --force /etc/logrotate.d/test\n",
};

const LOGROTATE = `/var/log/test.log {
  rotate 1
  postrotate
    echo rotated | ns8-sendmail -s Rotated logrotate@example.test
  endscript
}
`;

async function writeUnits(folder: Folder, redis: string): Promise<void> {
  await Deno.mkdir(folder.file("units/logrotate.service.d"), { recursive: true });
  await Deno.mkdir(folder.file("etc/logrotate.d"), { recursive: true });
  for (const [name, text] of Object.entries(UNITS)) {
    await folder.write(
      `units/${name}`,
      text.replaceAll("REDIS_ADDRESS=REDIS", `REDIS_ADDRESS=${redis}`),
    );
  }
  await folder.write("etc/logrotate.d/test", LOGROTATE);
}

Deno.test({
  name:
    "under a real systemd: an OnFailure unit, Debian's logrotate.service, and a unit with every restriction send",
  ignore: !hasPackages("debian"),
  async fn() {
    await using folder = await temporaryFolder();
    await using host = await smarthost();
    await writeUnits(folder, host.circumstances.redis?.address ?? "");
    await using systemd = bootSystemd(folder.path, EXECUTABLE);
    const ended = systemd.ended.then((status) => {
      throw new Error(`systemd has ended with ${status}:\n${systemd.lines.join("\n")}`);
    });
    const messages = await Promise.race([host.server.received(3), ended]);
    const arrived = messages.map(({ recipients, content }) => [
      recipients.join(),
      new TextDecoder().decode(content).split("\r\n\r\n")[1]?.trim(),
    ]);
    assert.deepEqual(arrived.toSorted(), [
      ["hardened@example.test", "hardened"],
      ["logrotate@example.test", "rotated"],
      ["onfailure@example.test", "fails.service has failed"],
    ]);
  },
});
