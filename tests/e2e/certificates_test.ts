/** The contract's chapter "The connection": every kind of certificate, and of TLS. */

import assert from "node:assert/strict";
import { type Folder, temporaryFolder } from "../support/hosts/folder.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { sendmail } from "../support/program/program.ts";
import { startPython } from "../support/program/python.ts";
import { underThisRuntime } from "../support/program/runtimes.ts";
import {
  type CertificateRow,
  certificateTable,
  type Verdict,
} from "../support/servers/certificate_table.ts";
import { withToday } from "../support/servers/dates.ts";
import { smarthostHash } from "../support/servers/redis.ts";
import { scriptedRedis } from "../support/servers/redis_scripted.ts";

/** Identifiers of the libraries behind TLS, which nobody needs to see. */
const IDENTIFIERS =
  /\b[a-z]*[A-Z][a-z]+[A-Z]\w*\(|OtherError|[A-Z]+_[A-Z_]{3,}|\b[a-z]+[A-Z][a-z]+[A-Z]/;

/** The status and the error of a run with this verdict; `place` is the server. */
function expected(verdict: Verdict, place: string): [number, string] {
  if (verdict === "sent") return [0, ""];
  return "invalid" in verdict
    ? [
      77,
      withToday(
        `Error: Certificate of the smarthost is not valid (${place}): ${verdict.invalid}\n`,
      ),
    ]
    : [verdict.status, `Error: TLS handshake failed (${place}): ${verdict.noTls}\n`];
}

async function files(folder: Folder, { chain, trusted }: CertificateRow, index: number) {
  const joined = (list: { pem: string }[]) => list.map(({ pem }) => pem).join("");
  return {
    chain: await folder.write(`chain${index}.pem`, joined(chain)),
    store: await folder.write(`store${index}.pem`, joined(trusted)),
  };
}

for (const encryption of ["tls", "starttls"] as const) {
  Deno.test(`each certificate and each TLS has its status and its words: ${encryption}`, async (test) => {
    await using folder = await temporaryFolder();
    const table = await certificateTable(folder);
    assert.ok(table.length >= 40);
    const rows = [];
    for (const [index, row] of table.entries()) {
      rows.push({ ...row, ...{ index, files: await files(folder, row, index) } });
    }
    const servers = rows.map(({ key, tls, files }) => ({
      ...{ encryption, key, chain: files.chain },
      ...tls,
    }));
    await using python = await startPython("servers/tls_servers.py", [JSON.stringify(servers)]);
    const ports: number[] = JSON.parse(python.greeting);
    await sideBySide(test, rows, async ({ index, host, files, verify, older, current }) => {
      const port = ports[index] ?? 0;
      const verdict = underThisRuntime({ older, current });
      const hash = smarthostHash({ host, port }, {
        ...{ encrypt_smtp: encryption, tls_verify: verify ? "1" : "0" },
      });
      await using redis = await scriptedRedis({}, hash);
      const env = { SSL_CERT_FILE: files.store };
      const run = await sendmail(["to@to.test"], { redis, env, stdin: "Hello\n" });
      assert.deepEqual([run.status, run.stderr], expected(verdict, `${host}:${port}`));
      assert.doesNotMatch(run.stderr.replace(/subjectAltName|basicConstraints/g, ""), IDENTIFIERS);
      const heard: string[] = JSON.parse(await python.ask(`${index}`));
      const isDemand = verdict !== "sent" && "noTls" in verdict && verdict.status === 77;
      if (verdict === "sent") assert.ok(heard.includes("Hello"));
      else if (!isDemand) assert.deepEqual(heard, []);
    });
  });
}
