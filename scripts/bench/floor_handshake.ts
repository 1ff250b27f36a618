/** The floor of the benchmark where TLS is spoken: the runtime, and its first handshake. */

import { connect } from "node:tls";

const [host = "", port] = Deno.args;
connect({ host, port: Number(port), rejectUnauthorized: false }, () => Deno.exit());
