/**
 * A network of a test's own, for ports that only root may have and for hosts without a way out.
 *
 * @module
 */

import { sandbox, type SandboxOptions } from "./sandbox.ts";

/** Where the program finds the Redis of that network. */
export const REDIS_INSIDE = { REDIS_ADDRESS: "127.0.0.1:6379" };

/** The settings in the Redis of that network. */
export type InsideSettings = {
  port: number;
  encryption: string;
  /** One that begins with `10.` is an address of that network; by default it is `localhost`. */
  host?: string;
  /** The kind of a route to the host, as ip-route(8) has it; by default there is none. */
  route?: "prohibit" | "unreachable";
  username?: string;
  password?: string;
};

/** A silent server: it hears a client out until that client goes. */
const SILENT = "client.recv(4096)";

/**
 * The command that runs another one in a network of its own, where a Redis has these settings and a
 * server listens on their port. Python code is what the server does with a client.
 */
export function ownNetwork(
  { port, encryption, host = "localhost", route, username = "x", password = "x" }: InsideSettings,
  serve = SILENT,
  options: SandboxOptions = {},
): string[] {
  const script = `
import socket, subprocess, sys, threading
if "${host}".startswith("10."):
    subprocess.run(["/usr/sbin/ip", "address", "add", "${host}/32", "dev", "lo"], check=True)
if "${route ?? ""}":
    subprocess.run(["/usr/sbin/ip", "route", "add", "${route ?? ""}", "${host}"], check=True)
listener = socket.create_server(("0.0.0.0", ${port}))
def serve():
    while True:
        client, _ = listener.accept()
        threading.Thread(target=talk, args=(client,), daemon=True).start()
def talk(client):
    ${serve}
threading.Thread(target=serve, daemon=True).start()
arguments = ["redis-server", "--port", "6379", "--save", "", "--bind", "127.0.0.1"]
redis = subprocess.Popen(arguments, stdout=subprocess.PIPE)
for line in redis.stdout:
    if b"eady to accept" in line:
        break
login = ["username", "${username}", "password", "${password}"]
settings = "port ${port} host ${host} enabled 1 tls_verify 0 encrypt_smtp ${encryption}"
fields = [*settings.split(), *login]
command = ["redis-cli", "hset", "cluster/smarthost", *fields]
subprocess.run(command, stdout=subprocess.DEVNULL)
status = subprocess.run(sys.argv[1:]).returncode
redis.kill()
sys.exit(status)
`;
  const under = sandbox(options);
  under.splice(-1, 0, "--unshare-net", "--cap-add", "CAP_NET_ADMIN");
  return [...under, "/usr/bin/python3", "-c", script];
}
