/**
 * A second look at a server whose TLS has failed: its certificates, and what it can speak, in words.
 * It happens on a connection of its own, on which nothing is said beyond STARTTLS, and nothing is
 * trusted because of it.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Failure } from "../outcome.ts";
import {
  askServer,
  certificateName,
  encrypt,
  isStrictRuntime,
  judge,
  mismatchOf,
  notValid,
  pemOf,
  type ServerFlight,
  tlsFault,
  UNKNOWN_EXTENSION,
  unusableIn,
} from "../tls/mod.ts";
import { reachTls } from "./reach.ts";
import type { Opening, Smarthost } from "./smarthost.ts";

/** The longest wait for any one answer, in milliseconds: the failure is known already. */
const PATIENCE = 5000;

/**
 * Throws the failure with better words, where a second look at the server gives some. Gives the
 * smarthost to try again, with one authority, where this host trusts the server's certificate
 * itself, which a runtime may have overlooked; that attempt then checks everything, as the first
 * did.
 */
export async function explain(
  failure: Failure,
  smarthost: Smarthost,
  opening: Opening,
): Promise<Smarthost> {
  const fault = tlsFault(failure);
  if (fault === undefined) throw failure;
  const look = secondLook(smarthost, opening);
  const flight = await look.ask();
  if (fault === "offer") throw explainOffer(failure, flight);
  const asked = flight?.certificates ?? [];
  const chain = asked.length > 0 ? asked : await look.shown();
  if (chain === "refused") throw explained(failure, [UNSEEN]);
  if (!smarthost.verify) throw explained(failure, unusableIn(chain));
  const trusted = smarthost.trusted?.() ?? [];
  const isStrict = isStrictRuntime(failure);
  const { host } = smarthost;
  const name = certificateName(host) ?? host;
  const verdict = judge({ host, name, chain, trusted, now: new Date(), isStrict });
  const faults = verdict?.faults ?? [];
  const [own] = chain;
  if (faults.length > 0) throw explained(failure, faults);
  const isNew = !isStrict && smarthost.authorities.length === 0;
  if (own !== undefined && verdict?.isInStore && isNew) {
    return { ...smarthost, authorities: [pemOf(own)] };
  }
  // Deno 2.9 does not tell a wrong signature of the handshake from a wrong certificate.
  const isKeyless = fault === "signature" || (!isStrict && verdict !== undefined);
  throw isKeyless ? explained(failure, [KEYLESS]) : failure;
}

/** What Deno 2.9 refuses unverified too, where TLS 1.3 hides the certificate. */
const UNSEEN = "the server does not prove that it has the key of its certificate, or that key is " +
  `too short, or ${UNKNOWN_EXTENSION}`;

const KEYLESS = "the server does not prove that it has the key of the certificate that it shows";

function explained(failure: Failure, faults: readonly string[]): Failure {
  const { where = "", cause } = failure.details;
  return faults.length === 0 ? failure : notValid(faults.join("; "), where, cause);
}

function explainOffer({ details }: Failure, flight: ServerFlight | undefined): Failure {
  return new Failure({ ...details, ...mismatchOf(flight) });
}

/** Ways to look at the server again; they give nothing where that fails. */
function secondLook(smarthost: Smarthost, opening: Opening) {
  const timeout = Math.min(opening.timeout, PATIENCE);
  const quiet = { ...opening, timeout, transcript() {}, progress() {} };
  const { host } = smarthost;
  const ask = (socket: Socket) => askServer(socket, certificateName(host), timeout);
  const settings = { host, verify: false, authorities: [] };
  return {
    ask: () => reachTls(smarthost, quiet, ask).then(({ secured }) => secured, () => undefined),
    /** The certificate in TLS 1.3, where it is not in the clear (RFC 8446, 4.4.2). */
    async shown(): Promise<Uint8Array[] | "refused"> {
      const secure = (socket: Socket) => encrypt(socket, settings, opening.where, timeout);
      try {
        const { secured } = await reachTls(smarthost, quiet, secure);
        secured.socket.destroy();
        return [secured.certificate];
      } catch (error) {
        const isOfCertificate = error instanceof Failure && tlsFault(error) !== undefined;
        return isOfCertificate ? "refused" : [];
      }
    },
  };
}
