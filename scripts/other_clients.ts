/**
 * Prints what openssl, curl and msmtp say of each certificate and each kind of TLS in the table of
 * the tests, beside what this program says under both runtimes.
 *
 * Usage: deno run --frozen --allow-env --allow-read --allow-write --allow-run scripts/other_clients.ts
 *
 * @module
 */

import { temporaryFolder } from "../tests/support/hosts/folder.ts";
import { startPython } from "../tests/support/program/python.ts";
import {
  type CertificateRow,
  certificateTable,
} from "../tests/support/servers/certificate_table.ts";
import { withToday } from "../tests/support/servers/dates.ts";

/** How each client is asked; its status says whether it would have sent. */
const CLIENTS: Record<string, (row: CertificateRow, port: number, store: string) => string[]> = {
  openssl: ({ host, verify }, port, store) => [
    ...["openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-servername", host],
    ...(verify ? ["-CAfile", store] : []),
    ...(verify
      ? ["-verify_return_error", /^\d/.test(host) ? "-verify_ip" : "-verify_hostname"]
      : []),
    ...(verify ? [host] : []),
  ],
  curl: ({ host, verify }, port, store) => [
    ...[
      "curl",
      "--silent",
      "--cacert",
      store,
      "--max-time",
      "10",
      ...(verify ? [] : ["--insecure"]),
    ],
    ...["--mail-from", "a@b.test", "--mail-rcpt", "c@d.test", "--upload-file", "-"],
    `smtps://${host}:${port}`,
  ],
  msmtp: ({ host, verify }, port, store) => [
    ...["msmtp", `--host=${host}`, `--port=${port}`, "--tls=on", "--tls-starttls=off"],
    ...["--from=a@b.test", "--timeout=10", ...(verify ? [`--tls-trust-file=${store}`] : [])],
    ...(verify ? [] : ["--tls-certcheck=off"]),
    "c@d.test",
  ],
};

async function runClient([program = "", ...args]: string[]): Promise<string> {
  const command = new Deno.Command("timeout", {
    args: ["10", program, ...args],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = command.stdin.getWriter();
  await writer.write(new TextEncoder().encode("QUIT\r\n")).catch(() => {});
  await writer.close().catch(() => {});
  return (await command.status).success ? "yes" : "no";
}

function words(verdict: CertificateRow["older"]): string {
  if (verdict === "sent") return "yes";
  return "invalid" in verdict
    ? `77 ${withToday(verdict.invalid)}`
    : `${verdict.status} ${verdict.noTls}`;
}

await using folder = await temporaryFolder();
const table = await certificateTable(folder);
const rows = await Promise.all(table.map(async (row, index) => {
  const joined = (list: { pem: string }[]) => list.map(({ pem }) => pem).join("");
  return {
    row,
    chain: await folder.write(`chain${index}.pem`, joined(row.chain)),
    store: await folder.write(`store${index}.pem`, joined(row.trusted)),
  };
}));
const servers = rows.map(({ row, chain }) => ({
  ...{ encryption: "tls", key: row.key, chain },
  ...row.tls,
}));
await using python = await startPython("servers/tls_servers.py", [JSON.stringify(servers)]);
const ports: number[] = JSON.parse(python.greeting);
const names = Object.keys(CLIENTS);
console.log(`| server | ${names.join(" | ")} | Deno 2.7.11 | current Deno |`);
console.log(`| --- | ${names.map(() => "---").join(" | ")} | --- | --- |`);
for (const [index, { row, store }] of rows.entries()) {
  const answers = [];
  for (const name of names) {
    answers.push(await runClient(CLIENTS[name]?.(row, ports[index] ?? 0, store) ?? []));
  }
  const own = [words(row.older), row.current === row.older ? "the same" : words(row.current)];
  console.log(`| ${[row.name, ...answers, ...own].join(" | ")} |`);
}
