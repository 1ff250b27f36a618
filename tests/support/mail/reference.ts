/**
 * What the cluster's own Python code prints for the same settings.
 *
 * @module
 */

import type { SmarthostHash } from "../servers/redis.ts";

/** Types and order of the reference's dictionary; the printing is Python's own. */
const PRINT_SETTINGS = `
import json, sys
hash = json.load(sys.stdin)
settings = {
    "port": int(hash.get("port", 587)),
    "host": hash.get("host", ""),
    "username": hash.get("username", ""),
    "password": hash.get("password", ""),
    "enabled": hash.get("enabled", "0") == "1",
    "encrypt_smtp": hash.get("encrypt_smtp", "starttls"),
    "tls_verify": hash.get("tls_verify", "1") == "1",
}
json.dump(settings, fp=sys.stdout)
`;

/** Prints settings as `json.dump(agent.get_smarthost_settings(...))` does. */
export async function referenceSettings(hash: SmarthostHash): Promise<string> {
  const python = new Deno.Command("/usr/bin/python3", {
    args: ["-c", PRINT_SETTINGS],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = python.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(hash)));
  await writer.close();
  const { stdout } = await python.output();
  return new TextDecoder().decode(stdout);
}
