/**
 * Finds out why TLS with a server failed: reads its certificates and its cipher suite on further
 * connections, on which nothing is sent after STARTTLS. Nothing is trusted because of the result.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Failure } from "../outcome.ts";
import {
  certificateName,
  encrypt,
  isStrictRuntime,
  judge,
  mismatchOf,
  notValid,
  pemOf,
  probeServer,
  type ServerFlight,
  tlsFault,
  UNKNOWN_EXTENSION,
  unusableIn,
} from "../tls/mod.ts";
import { connectForTls } from "./start_tls.ts";
import type { Opening, Smarthost } from "./smarthost.ts";

/** The longest wait for any one answer, in milliseconds: only the reason is missing. */
const LONGEST_WAIT = 5000;

/**
 * Throws the failure, with the reason that the server's certificates or cipher suite show. Gives the
 * smarthost for one more attempt if this host's store holds the server's certificate itself, which a
 * runtime may not accept by default. That attempt has this certificate as its only authority, and
 * checks name, dates and key as the first one did.
 */
export async function explainTlsFailure(
  failure: Failure,
  smarthost: Smarthost,
  opening: Opening,
): Promise<Smarthost> {
  const fault = tlsFault(failure);
  if (fault === undefined) throw failure;
  const attempts = diagnosticAttempts(smarthost, opening);
  const flight = await attempts.hello();
  if (fault === "offer") throw explainOffer(failure, flight);
  if (fault === "lost") throw flight?.asksForCertificate ? explainOffer(failure, flight) : failure;
  const shown = flight?.certificates ?? [];
  const chain = shown.length > 0 ? shown : await attempts.certificate();
  if (chain === "refused") throw withReasons(failure, [HIDDEN_CERTIFICATE]);
  if (!smarthost.verify) throw withReasons(failure, unusableIn(chain));
  const trusted = smarthost.trusted?.() ?? [];
  const isStrict = isStrictRuntime(failure);
  const { host } = smarthost;
  const name = certificateName(host) ?? host;
  const verdict = judge({ host, name, chain, trusted, now: new Date(), isStrict });
  const faults = verdict?.faults ?? [];
  const [own] = chain;
  if (faults.length > 0) throw withReasons(failure, faults);
  const mayRetry = !isStrict && smarthost.authorities.length === 0;
  if (own !== undefined && verdict?.isInStore && mayRetry) {
    return { ...smarthost, authorities: [pemOf(own)] };
  }
  // Deno 2.9 reports a wrong signature of the handshake as a wrong certificate.
  const isKeyUnproven = fault === "signature" || (!isStrict && verdict !== undefined);
  throw isKeyUnproven ? withReasons(failure, [NO_KEY_PROOF]) : failure;
}

/** The possible reasons if Deno 2.9 refuses even without verification, and TLS 1.3 hides the certificate. */
const HIDDEN_CERTIFICATE =
  "the server does not prove that it has the key of its certificate, or that key is " +
  `too short, or ${UNKNOWN_EXTENSION}`;

const NO_KEY_PROOF =
  "the server does not prove that it has the key of the certificate that it shows";

function withReasons(failure: Failure, faults: readonly string[]): Failure {
  const { where = "", cause } = failure.details;
  return faults.length === 0 ? failure : notValid(faults.join("; "), where, cause);
}

function explainOffer({ details }: Failure, flight: ServerFlight | undefined): Failure {
  return new Failure({ ...details, ...mismatchOf(flight) });
}

/** Further connections to the server; each gives nothing if it fails. */
function diagnosticAttempts(smarthost: Smarthost, opening: Opening) {
  const timeout = Math.min(opening.timeout, LONGEST_WAIT);
  const quiet = { ...opening, timeout, transcript() {}, progress() {} };
  const { host } = smarthost;
  const probe = (socket: Socket) => probeServer(socket, certificateName(host), timeout);
  const settings = { host, verify: false, authorities: [] };
  return {
    hello: () =>
      connectForTls(smarthost, quiet, probe).then(({ secured }) => secured, () => undefined),
    /** Gives the certificate of a server that speaks only TLS 1.3, which encrypts it (RFC 8446, 4.4.2). */
    async certificate(): Promise<Uint8Array[] | "refused"> {
      const secure = (socket: Socket) => encrypt(socket, settings, opening.where, timeout);
      try {
        const { secured } = await connectForTls(smarthost, quiet, secure);
        secured.socket.destroy();
        return [secured.certificate];
      } catch (error) {
        const fault = error instanceof Failure ? tlsFault(error) : undefined;
        return fault === undefined || fault === "lost" ? [] : "refused";
      }
    },
  };
}
