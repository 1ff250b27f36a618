/**
 * The random numbers of TLS.
 *
 * @module
 */

/**
 * Has the TLS library seed its generator of random numbers, on a thread of its own. The library
 * does it once in a process, when it first needs a number, and takes 15 to 25 ms of computing:
 * AWS-LC gathers the jitter of the processor's clock. Begun as soon as TLS is known to be needed,
 * it happens while the connection is being made. Waits for nothing and never fails.
 */
export function seedRandomness(): void {
  // The cheapest thing that asks that library for random numbers without blocking.
  crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]).catch(() => {});
}
