/**
 * What a submission finds around it, from what the host says of itself.
 *
 * @module
 */

import type { DeliveryContext } from "./delivery.ts";
import { certificateAuthorities, type Environment } from "./trust.ts";

/** What the host and the caller say. */
export type Surroundings = {
  /** The longest wait for any one whole answer, in milliseconds. */
  timeout: number;
  /** The host's name, with or without a domain. */
  hostName: string;
  /** The environment that names certificate authorities. */
  environment: Environment;
  /** Takes the lines of the SMTP dialogue. */
  transcript?: (line: string) => void;
};

/** The context of a submission that nobody watches step by step. */
export function contextIn(surroundings: Surroundings): DeliveryContext {
  const { timeout, hostName, environment, transcript = () => {} } = surroundings;
  return {
    timeout,
    // A name without a dot says nothing to a server; the address literal does (RFC 5321, 4.1.4).
    ...(hostName.includes(".") && { hostName }),
    transcript,
    progress() {},
    authorities: (verify) => certificateAuthorities(environment, verify),
  };
}
