/**
 * A writer of messages that is not ours: Python's `email`, random by a seed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { startPython } from "../program/python.ts";

/** A message, and those whom its header names. */
export type WrittenMessage = {
  message: Uint8Array;
  sender: string;
  /** Those in To, Cc and Bcc, in this order, as often as they are named. */
  recipients: string[];
};

/** A running writer, ended by its disposal. */
export type MailWriter = AsyncDisposable & {
  /** Gives a message that is always the same for the same seed. */
  write(seed: number): Promise<WrittenMessage>;
};

/** Starts a writer. */
export async function mailWriter(): Promise<MailWriter> {
  const script = await startPython("mail/mail_writer.py");
  return {
    async write(seed) {
      const printed: Omit<WrittenMessage, "message"> & { message: string } = JSON.parse(
        await script.ask(`${seed}`),
      );
      return { ...printed, message: Uint8Array.from(Buffer.from(printed.message, "base64")) };
    },
    [Symbol.asyncDispose]: () => script[Symbol.asyncDispose](),
  };
}
