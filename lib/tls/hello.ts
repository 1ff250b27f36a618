/**
 * A question in TLS 1.2 and older that any server can answer: its reply shows in the clear what
 * the server would use, and its certificates. Asked on a connection of its own, which ends there,
 * it says why a handshake has failed; nothing is trusted because of it.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { numberOf } from "./der.ts";

/** What a server answers to a hello (RFC 5246, 7.3 and 7.4). */
export type ServerFlight = {
  /** False where what came is not TLS; missing where nothing came. */
  isTls?: boolean;
  /** The alert with which the server broke off. */
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

/** Cipher suites by their numbers (IANA), and what the runtime would miss of each. */
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

/** ECDSA, Ed25519, Ed448, RSA-PSS, RSA and what is older (RFC 8446, 4.2.3). */
const SIGNATURES = [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a]
  .concat([0x080b, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202]);

const HANDSHAKE = 22;
const ALERT = 21;

/** More than any server has to say before it waits for an answer, in octets. */
const LONGEST = 512 * 1024;

/**
 * Says hello for `name`, where there is one, and reads what the server answers before it waits for
 * the client, at most for `timeout` milliseconds. Then the connection is cut. Never rejects.
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

/** Takes the chunks of a connection into the flight; false when there is nothing more to read. */
function flightReader(flight: ServerFlight): (chunk: Uint8Array) => boolean {
  const records = gathering();
  const messages = gathering();
  const readMessages = () => {
    for (let bytes = messages.bytes(); bytes.length >= 4; bytes = messages.bytes()) {
      const size = 4 + numberAt(bytes, 1, 3);
      if (bytes.length < size) return true;
      messages.drop(size);
      if (!takeMessage(flight, bytes[0] ?? 0, bytes.subarray(4, size))) return false;
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
        // A warning (level 1) leaves the handshake going.
        if (record.content[0] === 1) continue;
        flight.alert = record.content[1] ?? 0;
        return false;
      }
      if (record.type !== HANDSHAKE || !messages.add(record.content)) return false;
      if (!readMessages()) return false;
    }
  };
}

/** Reads one message of the handshake; false where the server now waits, or says nonsense. */
function takeMessage(flight: ServerFlight, type: number, content: Uint8Array): boolean {
  switch (type) {
    case 2: {
      flight.version = numberAt(content, 0, 2);
      // Behind version and random number stands the session's id with its length.
      flight.suite = numberAt(content, 35 + (content[34] ?? 0), 2);
      return true;
    }
    case 11:
      flight.certificates = certificatesIn(content.subarray(3));
      return true;
    case 12:
      // 3 says that a named curve follows (RFC 8422, 5.4); finite fields begin with a length.
      if (content[0] === 3) flight.curve = numberAt(content, 1, 2);
      return true;
    case 13:
      flight.asksForCertificate = true;
      return true;
    default:
      // The status of the certificate (22) may come between.
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

/** Octets that come in pieces, in one array that grows; no octet is copied often. */
function gathering() {
  let room = new Uint8Array(4096);
  let start = 0;
  let end = 0;
  return {
    bytes: () => room.subarray(start, end),
    drop: (size: number) => void (start += size),
    /** False where there would be too many. */
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

/** A ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2) that offers whatever a server may still want. */
function clientHello(name: string | undefined): Uint8Array {
  const suites = SUITES.flatMap(({ numbers }) => numbers);
  const extensions = [
    ...(name === undefined ? [] : [extension(0, sized(2, [0], sized(2, Buffer.from(name))))]),
    extension(10, sized(2, pairs(GROUPS))),
    // Points come uncompressed.
    extension(11, sized(1, [0])),
    extension(13, sized(2, pairs(SIGNATURES))),
    // The extended master secret (RFC 7627), and that nothing is renegotiated (RFC 5746).
    extension(23),
    extension(0xff01, [0]),
  ];
  const random = crypto.getRandomValues(new Uint8Array(32));
  // No session to resume, and no compression.
  const hello = [[3, 3], random, [0], sized(2, pairs(suites)), [1, 0], sized(2, ...extensions)];
  // Old servers want the oldest version in front (RFC 5246, E.1).
  return joined([HANDSHAKE, 3, 1], sized(2, [1], sized(3, ...hello)));
}

type Octets = Uint8Array | readonly number[];

function extension(type: number, content: Octets = []): Uint8Array {
  return joined(pairs([type]), sized(2, content));
}

/** The parts, with how long they are together in front, in so many octets. */
function sized(octets: number, ...parts: Octets[]): Uint8Array {
  const content = joined(...parts);
  const length = Uint8Array.of(content.length >> 16, content.length >> 8, content.length);
  return joined(length.subarray(3 - octets), content);
}

function pairs(numbers: readonly number[]): number[] {
  return numbers.flatMap((number) => [number >> 8, number & 0xff]);
}

function joined(...parts: Octets[]): Uint8Array {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}
