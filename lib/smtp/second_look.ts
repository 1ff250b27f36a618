/**
 * A second look at a server whose TLS has failed: its certificates, and what it can speak, in words.
 * It happens on a connection of its own, on which nothing is said beyond STARTTLS, and nothing is
 * trusted because of it.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Failure } from "../outcome.ts";
import { pemOf } from "./certificate.ts";
import { certificateName } from "./certificate_name.ts";
import { encrypt, isStrictRuntime, notValid, tlsFault } from "./encryption.ts";
import { askServer, type ServerFlight } from "./hello.ts";
import { mismatchOf } from "./offer.ts";
import { reachTls } from "./reach.ts";
import type { Opening, Smarthost } from "./smarthost.ts";
import { judge, unusableIn } from "./verdict.ts";

/** The longest wait for any one answer, in milliseconds: the failure is known already. */
const PATIENCE = 5000;

/**
 * Throws the failure with better words, where a second look at the server gives some. Gives the one
 * authority to try again with where this host trusts the server's certificate itself, which a
 * runtime may have overlooked; that attempt then checks everything, as the first did.
 */
export async function explain(
  failure: Failure,
  smarthost: Smarthost,
  opening: Opening,
): Promise<{ authorities: readonly string[] }> {
  const fault = tlsFault(failure);
  if (fault === undefined) throw failure;
  const look = secondLook(smarthost, opening);
  const flight = await look.ask();
  if (fault === "offer") throw explainOffer(failure, flight);
  const asked = flight?.certificates ?? [];
  const chain = asked.length > 0 ? asked : await look.shown();
  if (!smarthost.verify) throw explained(failure, unusableIn(chain));
  const trusted = smarthost.trusted?.() ?? [];
  const isStrict = isStrictRuntime(failure);
  const { host } = smarthost;
  const name = certificateName(host) ?? host;
  const verdict = judge({ host, name, chain, trusted, now: new Date(), isStrict });
  const faults = verdict?.faults ?? [];
  const [own] = chain;
  if (faults.length > 0) throw explained(failure, faults);
  if (fault === "signature") throw explained(failure, [KEYLESS]);
  const isNew = !isStrict && smarthost.authorities.length === 0;
  if (own !== undefined && verdict?.isInStore && isNew) return { authorities: [pemOf(own)] };
  throw failure;
}

const KEYLESS = "the server does not have the key of the certificate that it shows";

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
  const reach = async <T>(secure: (socket: Socket) => Promise<T>): Promise<T | undefined> => {
    try {
      return (await reachTls(smarthost, quiet, secure)).secured;
    } catch {
      return undefined;
    }
  };
  const settings = { host, verify: false, authorities: [] };
  return {
    ask: () => reach((socket) => askServer(socket, certificateName(host), timeout)),
    /** The certificate in TLS 1.3, where it is not in the clear (RFC 8446, 4.4.2). */
    async shown(): Promise<Uint8Array[]> {
      const secured = await reach((socket) => encrypt(socket, settings, opening.where, timeout));
      secured?.socket.destroy();
      return secured === undefined ? [] : [secured.certificate];
    },
  };
}
