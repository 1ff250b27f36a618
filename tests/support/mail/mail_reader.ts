/**
 * A reader of messages that is not ours: Python's `email`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { startPython } from "../program/python.ts";

/** A leaf of a message: the whole body, or a part of a multipart. */
export type ReadPart = {
  /** The media type, in lower case, without parameters. */
  type: string;
  charset: string | null;
  /** The transfer encoding, in lower case; empty where none is given. */
  encoding: string;
  disposition: string | null;
  filename: string | null;
  /** The content behind the transfer encoding. */
  content: Uint8Array;
  defects: string[];
};

type AddressField = "From" | "Sender" | "Reply-To" | "To" | "Cc" | "Bcc";

/** A message as the reader understands it. */
export type ReadMessage = {
  /** Name and decoded value of each field, in order. */
  headers: [name: string, value: string][];
  /** Name and value as they stand in the message, folds and all. */
  rawHeaders: [name: string, value: string][];
  /** Display name and address of each mailbox in the address fields. */
  mailboxes: Record<AddressField, [name: string, address: string][]>;
  /** The same, and subjects, by the older of Python's two readers, which keeps every space. */
  people: Record<AddressField, [name: string, address: string][]>;
  subjects: string[];
  multipart: boolean;
  parts: ReadPart[];
  defects: string[];
  /** The decoded values of a field, name in any case. */
  all(name: string): string[];
  /** The body of a message that has one part. */
  body(): Uint8Array;
  /** The same as text, in its own charset. */
  text(): string;
};

/** A running reader, ended by its disposal. */
export type MailReader = AsyncDisposable & {
  read(message: Uint8Array): Promise<ReadMessage>;
};

type PrintedPart = Omit<ReadPart, "content"> & { content: string };
type PrintedMessage = Omit<ReadMessage, "parts" | "all" | "body" | "text"> & {
  parts: PrintedPart[];
};

/** Starts a reader. */
export async function mailReader(): Promise<MailReader> {
  const script = await startPython("mail/mail_reader.py");
  return {
    async read(message) {
      return understand(JSON.parse(await script.ask(Buffer.from(message).toString("base64"))));
    },
    [Symbol.asyncDispose]: () => script[Symbol.asyncDispose](),
  };
}

function understand(printed: PrintedMessage): ReadMessage {
  const parts = printed.parts.map((part) => ({
    ...part,
    content: Uint8Array.from(Buffer.from(part.content, "base64")),
  }));
  const single = () => {
    const [part, ...others] = parts;
    if (!part || others.length > 0) throw new Error(`The message has ${parts.length} parts`);
    return part;
  };
  return {
    ...printed,
    parts,
    all(name) {
      const wanted = name.toLowerCase();
      return printed.headers.filter(([has]) => has.toLowerCase() === wanted).map(([, value]) =>
        value
      );
    },
    body: () => single().content,
    text: () => new TextDecoder(single().charset ?? "utf-8").decode(single().content),
  };
}
