/**
 * A TLS hello that offers everything up to TLS 1.2. The server's unencrypted answer shows the cipher
 * suite that it would use, and its certificates. It is sent on a connection of its own to find out
 * why a handshake failed. Nothing is trusted because of the answer.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { numberOf } from "./der.ts";

/** A server's answer to a hello (RFC 5246, 7.3 and 7.4). */
export type ServerFlight = {
  /** False if the answer is not TLS; missing if there was no answer. */
  isTls?: boolean;
  /** The fatal alert of the server. */
  alert?: number;
  /** The version: 0x0301 is TLS 1.0, 0x0303 is TLS 1.2. */
  version?: number;
  /** The cipher suite. */
  suite?: number;
  /** The curve of the key exchange. */
  curve?: number;
  /** The server's certificates in DER, its own first. */
  certificates: Uint8Array[];
  /** Whether the server asks for a certificate of the client. */
  asksForCertificate: boolean;
};

/** Cipher suites by their numbers (IANA), and what each lacks for the runtime. */
export const SUITES: readonly { lacks: string; numbers: readonly number[] }[] = [
  { lacks: "", numbers: [0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9] },
  {
    lacks: "AES-GCM or ChaCha20",
    numbers: [0xc023, 0xc024, 0xc027, 0xc028, 0xc009, 0xc00a, 0xc013, 0xc014, 0xc008, 0xc012]
      .concat([0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xc007, 0xc011]),
  },
  {
    lacks: "ECDHE",
    numbers: [0x009e, 0x009f, 0x0033, 0x0039, 0x0067, 0x006b, 0xccaa, 0x0016, 0x0032, 0x0038]
      .concat([0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d, 0xc09c, 0xc09d, 0x000a, 0x0005]),
  },
];

/** X25519, P-256, P-384, P-521, X448, secp256k1, P-224 and finite fields (RFC 8422, RFC 7919). */
const GROUPS = [29, 23, 24, 25, 30, 22, 21, 26, 27, 28, 256, 257, 258];

/** ECDSA, Ed25519, Ed448, RSA-PSS, RSA and older signature algorithms (RFC 8446, 4.2.3). */
const SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a]
  .concat([0x080b, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202]);

const HANDSHAKE = 22;
const ALERT = 21;

/** The most octets of an answer that are read; no server needs as many. */
const LONGEST = 512 * 1024;

/**
 * Sends a hello with the server name `name`, if there is one, and reads the server's answer for at
 * most `timeout` milliseconds. Then it closes the connection. Never rejects.
 */
export function probeServer(
  socket: Socket,
  name: string | undefined,
  timeout: number,
): Promise<ServerFlight> {
  const { promise, resolve } = Promise.withResolvers<ServerFlight>();
  const flight: ServerFlight = { certificates: [], asksForCertificate: false };
  const end = () => {
    clearTimeout(timer);
    socket.destroy();
    resolve(flight);
  };
  const timer = setTimeout(end, timeout);
  const read = flightReader(flight);
  socket.on("error", end).on("end", end).on("close", end).on("data", (chunk) => {
    if (!read(chunk)) end();
  });
  socket.write(clientHello(name));
  socket.resume();
  return promise;
}

/** Reads chunks of a connection into the flight; false if there is nothing more to read. */
function flightReader(flight: ServerFlight): (chunk: Uint8Array) => boolean {
  const records = byteBuffer();
  const messages = byteBuffer();
  const readMessages = () => {
    for (let bytes = messages.bytes(); bytes.length >= 4; bytes = messages.bytes()) {
      const size = 4 + numberAt(bytes, 1, 3);
      if (bytes.length < size) return true;
      messages.drop(size);
      if (!readMessage(flight, bytes[0] ?? 0, bytes.subarray(4, size))) return false;
    }
    return true;
  };
  return (chunk) => {
    if (!records.add(chunk)) return false;
    for (;;) {
      const record = firstRecord(records.bytes());
      if (record === "unfinished") return true;
      flight.isTls = record !== "not TLS";
      if (record === "not TLS") return false;
      records.drop(record.size);
      if (record.type === ALERT) {
        // After a warning (level 1) the handshake goes on.
        if (record.content[0] === 1) continue;
        flight.alert = record.content[1] ?? 0;
        return false;
      }
      if (record.type !== HANDSHAKE || !messages.add(record.content)) return false;
      if (!readMessages()) return false;
    }
  };
}

/** Reads one handshake message; false if it is the last one, or not valid. */
function readMessage(flight: ServerFlight, type: number, content: Uint8Array): boolean {
  switch (type) {
    case 2: {
      flight.version = numberAt(content, 0, 2);
      // The session id with its length follows version and random number.
      flight.suite = numberAt(content, 35 + (content[34] ?? 0), 2);
      return true;
    }
    case 11:
      flight.certificates = certificatesIn(content.subarray(3));
      return true;
    case 12:
      // With 3 a named curve follows (RFC 8422, 5.4); finite fields begin with a length.
      if (content[0] === 3) flight.curve = numberAt(content, 1, 2);
      return true;
    case 13:
      flight.asksForCertificate = true;
      return true;
    default:
      // The certificate status (22) may come between.
      return type === 22;
  }
}

function certificatesIn(list: Uint8Array): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  for (let at = 0; at + 3 <= list.length;) {
    const size = numberAt(list, at, 3);
    certificates.push(list.slice(at + 3, at + 3 + size));
    at += 3 + size;
  }
  return certificates;
}

/** One record (RFC 5246, 6.2.1). */
type TlsRecord = { type: number; content: Uint8Array; size: number };

function firstRecord(bytes: Uint8Array): TlsRecord | "unfinished" | "not TLS" {
  const [type = HANDSHAKE, major = 3] = bytes;
  if ((type !== HANDSHAKE && type !== ALERT) || major !== 3) return "not TLS";
  if (bytes.length < 5) return "unfinished";
  const size = 5 + numberAt(bytes, 3, 2);
  if (bytes.length < size) return "unfinished";
  return { type, content: bytes.subarray(5, size), size };
}

function numberAt(bytes: Uint8Array, at: number, octets: number): number {
  return numberOf(bytes.subarray(at, at + octets));
}

/** Collects pieces of data in one array, which doubles when it is full. */
function byteBuffer() {
  let room = new Uint8Array(4096);
  let start = 0;
  let end = 0;
  return {
    bytes: () => room.subarray(start, end),
    drop: (size: number) => void (start += size),
    /** Adds a piece; false if there would be too many octets. */
    add(piece: Uint8Array): boolean {
      if (end + piece.length > LONGEST) return false;
      if (end + piece.length > room.length) {
        const larger = new Uint8Array(2 * (end + piece.length));
        larger.set(room.subarray(0, end));
        room = larger;
      }
      room.set(piece, end);
      end += piece.length;
      return true;
    },
  };
}

/** Makes a ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2) that offers old algorithms too. */
function clientHello(name: string | undefined): Uint8Array {
  const suites = SUITES.flatMap(({ numbers }) => numbers);
  const extensions = [
    ...(name === undefined
      ? []
      : [extension(0, withLength(2, [0], withLength(2, Buffer.from(name))))]),
    extension(10, withLength(2, pairs(GROUPS))),
    // Uncompressed points only.
    extension(11, withLength(1, [0])),
    extension(13, withLength(2, pairs(SIGNATURES))),
    // The extended master secret (RFC 7627) and secure renegotiation (RFC 5746).
    extension(23),
    extension(0xff01, [0]),
  ];
  const random = crypto.getRandomValues(new Uint8Array(32));
  // No session to resume, and no compression.
  const hello = [
    [3, 3],
    random,
    [0],
    withLength(2, pairs(suites)),
    [1, 0],
    withLength(2, ...extensions),
  ];
  // The record has the oldest version, for old servers (RFC 5246, E.1).
  return concat([HANDSHAKE, 3, 1], withLength(2, [1], withLength(3, ...hello)));
}

type Octets = Uint8Array | readonly number[];

function extension(type: number, content: Octets = []): Uint8Array {
  return concat(pairs([type]), withLength(2, content));
}

/** Joins the parts, with their length in front in this many octets. */
function withLength(octets: number, ...parts: Octets[]): Uint8Array {
  const content = concat(...parts);
  const length = Uint8Array.of(content.length >> 16, content.length >> 8, content.length);
  return concat(length.subarray(3 - octets), content);
}

function pairs(numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => [number >> 8, number & 0xff]);
}

function concat(...parts: Octets[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}
