/**
 * Detects files that are not text, such as a compressed log or a PDF.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import { asCharacters } from "./header.ts";

/**
 * The extensions of kinds of files, and the hexadecimal digits at their start. A pattern is only used
 * if the digits match, because compiling it takes longer than all comparisons.
 */
const SIGNATURES: readonly (readonly [extension: string, start: string, whole?: RegExp])[] = [
  // Compressed files and archives.
  ["gz", "1f8b08"],
  ["bz2", "425a683", /^.{7}[1-9](?:314159265359|177245385090)/],
  ["xz", "fd377a585a00"],
  ["zst", "28b52ffd"],
  ["lz4", "04224d18"],
  ["lz", "4c5a495001"],
  ["Z", "1f9d"],
  ["Z", "1fa0"],
  ["zip", "504b0304"],
  ["zip", "504b0506"],
  ["zip", "504b0708"],
  ["7z", "377abcaf271c"],
  ["rar", "526172211a07"],
  ["cab", "4d53434600000000"],
  ["rpm", "edabeedb"],
  ["deb", "213c617263683e0a64656269616e2d62696e617279"],
  ["a", "213c617263683e0a"],
  // The fields of these headers are hexadecimal or octal digits; the rest may be text.
  ["cpio", "30373037303", /^.{11}[12](?:3\d|[46][1-6]){104}/],
  ["cpio", "303730373037", /^(?:3[0-7]){76}/],
  // Documents.
  ["pdf", "255044462d"],
  ["doc", "d0cf11e0a1b11ae1"],
  // Pictures, sound and films.
  ["png", "89504e470d0a1a0a"],
  ["jpg", "ffd8ff"],
  ["gif", "474946383", /^.{9}[79]61..[01]...[01]/],
  ["tif", "49492a00"],
  ["tif", "4d4d002a"],
  ["webp", "52494646", /^.{16}57454250/],
  ["wav", "52494646", /^.{16}57415645/],
  ["avi", "52494646", /^.{16}41564920/],
  ["ogg", "4f67675300"],
  ["flac", "664c614300"],
  ["mp3", "4944330", /^.{7}[2-4]/],
  ["mp4", "000000", /^.{8}66747970/],
  ["mkv", "1a45dfa3"],
  ["ico", "00000100"],
  // Programs and data.
  ["elf", "7f454c46"],
  ["wasm", "0061736d"],
  ["class", "cafebabe"],
  ["sqlite", "53514c69746520666f726d6174203300"],
  ["pcap", "d4c3b2a1"],
  ["pcap", "a1b2c3d4"],
  ["journal", "4c504b5348485248"],
];

/** The mark of a tar archive, and its position in digits (POSIX ustar, and GNU tar). */
const TAR = { sign: "7573746172", place: 514 };

/**
 * The first header of a tar archive before POSIX: behind a name of 100 octets stand octal numbers,
 * namely mode, owner, group, size, time and checksum.
 */
const OLD_TAR =
  /^.{200}(?:(?:20|3[0-7]){6,7}(?:20)?00){3}(?:(?:20|3[0-7]){11}(?:20|00)){2}(?:20|3[0-7]){6}(?:0020|2000)/;

/** The last octets of the name and of the mode in such a header, in digits. */
const OLD_TAR_NULS = [198, 214];

/** How many octets the signatures need. */
const HEAD = 300;

/** How many pieces, of how many octets, are searched if no signature is found. */
const SAMPLES = 16;
const SAMPLE = 4096;

/** Runs of NUL, which a crash can leave in a log. */
const NUL_RUNS = /\0{4,}/g;

/** Everything except control characters that are not in texts; white space, BEL, BS, SO, SI and ESC are. */
const NO_CONTROLS = /[^\0-\x06\x10-\x1a\x1c-\x1f\x7f]+/g;

/** Input with fewer control characters is a text, however short it is. */
const FEWEST_CONTROLS = 4;

/**
 * Gives the extension for a file of this kind, "bin" for an unknown kind; nothing for a text.
 *
 * Without a known start, input is not a text if it has many control characters, not counting runs of
 * NUL: more than 2 % if it is not valid UTF-8 (compressed data has 9 %), more than 30 % if it is
 * (lists separated by NUL have less, UTF-16 without a byte order mark has more).
 */
export function binaryExtension(octets: Uint8Array): string | undefined {
  const known = knownExtension(octets.subarray(0, HEAD).toHex());
  if (known !== undefined) return known;
  const isValid = isUtf8(octets);
  if (isValid && !octets.includes(0)) return undefined;
  const sample = sampleOf(octets).replaceAll(NUL_RUNS, "");
  const controls = sample.replaceAll(NO_CONTROLS, "").length;
  const most = sample.length * (isValid ? 0.3 : 0.02);
  return controls >= FEWEST_CONTROLS && controls > most ? "bin" : undefined;
}

function knownExtension(head: string): string | undefined {
  if (head.startsWith(TAR.sign, TAR.place)) return "tar";
  const mayBeTar = OLD_TAR_NULS.every((place) => head.startsWith("00", place));
  if (mayBeTar && OLD_TAR.test(head)) return "tar";
  const signature = SIGNATURES.find(([, start, whole]) =>
    head.startsWith(start) && (whole === undefined || whole.test(head))
  );
  return signature?.[0];
}

/** Gives pieces from the whole input, so that the time does not depend on its length. */
function sampleOf(octets: Uint8Array): string {
  if (octets.length <= SAMPLES * SAMPLE) return asCharacters(octets);
  const distance = Math.floor((octets.length - SAMPLE) / (SAMPLES - 1));
  const pieces = Array.from({ length: SAMPLES }, (_, i) => {
    return asCharacters(octets.subarray(i * distance, i * distance + SAMPLE));
  });
  return pieces.join("");
}
