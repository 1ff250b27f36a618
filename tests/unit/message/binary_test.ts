import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { binaryExtension } from "../../../lib/message/binary.ts";

/** Octets that look like chance and are always the same ones. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state >> 16;
  });
}

const latin1 = (text: string) => Buffer.from(text, "latin1");

const zeros = (count: number) => "\0".repeat(count);

const FILES: [title: string, octets: Uint8Array, extension: string][] = [
  ["gzip", latin1("\x1f\x8b\x08\0\0\0\0\0\x02\x03x"), "gz"],
  ["bzip2", latin1("BZh91AY&SYx"), "bz2"],
  ["an empty bzip2", latin1("BZh9\x17rE8P\x90\0\0\0\0"), "bz2"],
  ["xz", latin1("\xfd7zXZ\0\0\x04"), "xz"],
  ["zstd", latin1("\x28\xb5\x2f\xfd\x24"), "zst"],
  ["lz4", latin1("\x04\x22\x4d\x18d"), "lz4"],
  ["compress", latin1("\x1f\x9d\x90a"), "Z"],
  ["zip", latin1("PK\x03\x04\x14\0"), "zip"],
  ["an empty zip", latin1("PK\x05\x06"), "zip"],
  ["7-Zip", latin1("7z\xbc\xaf\x27\x1c\0\x04"), "7z"],
  ["RAR", latin1("Rar!\x1a\x07\x01\0"), "rar"],
  ["tar", latin1(`a.txt${zeros(252)}ustar\x0000text`), "tar"],
  [
    "an old tar of texts",
    latin1(
      `a.txt${zeros(95)}0000644\x000001750\x000001750\x0000000000017\x0014512341234\x00010644\0 0` +
        `${zeros(355)}a line of text\n${zeros(497)}`,
    ),
    "tar",
  ],
  [
    "an archive of texts",
    latin1("!<arch>\na.txt/          0           0     0     644     2"),
    "a",
  ],
  ["cpio of texts", latin1(`070701${"0000A1b2".repeat(13)}a.txt\0\0\0a line of text\n`), "cpio"],
  ["the portable cpio of texts", latin1(`070707${"0123456".repeat(10)}a.txt\0a line\n`), "cpio"],
  ["PDF", latin1("%PDF-1.7\n1 0 obj\n"), "pdf"],
  ["an old Word document", latin1("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "doc"],
  ["PNG", latin1("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "png"],
  ["JPEG", latin1("\xff\xd8\xff\xe0\0\x10JFIF"), "jpg"],
  ["GIF", latin1("GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff"), "gif"],
  ["TIFF", latin1("II*\0\x08\0\0\0"), "tif"],
  ["WebP", latin1("RIFF\x24\0\0\0WEBPVP8 "), "webp"],
  ["WAV", latin1("RIFF\x24\0\0\0WAVEfmt "), "wav"],
  ["Ogg", latin1("OggS\0\x02"), "ogg"],
  ["MP3", latin1("ID3\x04\0\0"), "mp3"],
  ["MP4", latin1("\0\0\0\x18ftypmp42"), "mp4"],
  ["ELF", latin1("\x7fELF\x02\x01\x01\0"), "elf"],
  ["SQLite", latin1("SQLite format 3\0\x10\0"), "sqlite"],
  ["Java", latin1("\xca\xfe\xba\xbe\0\0\0\x34"), "class"],
  ["a capture", latin1("\xd4\xc3\xb2\xa1\x02\0"), "pcap"],
  ["noise", noise(500), "bin"],
  ["much noise", noise(1_000_000), "bin"],
  ["noise behind a text", Buffer.concat([latin1("Salted__"), noise(300)]), "bin"],
  ["an image of a disk", Buffer.concat([new Uint8Array(100_000), noise(100_000)]), "bin"],
  ["UTF-16 without a byte order mark", Buffer.from("A log of Windows\r\n", "utf16le"), "bin"],
  ["UTF-16 that is cut", Buffer.from("\ufeffGrüße aus\r\n", "utf16le").subarray(0, 21), "bin"],
  ["records of a log of logins", latin1(`\x07\0\0\0\xfe\x03\x01\x02pts/0${zeros(27)}ts/0`), "bin"],
];

for (const [title, octets, extension] of FILES) {
  Deno.test(`${title} is no text`, () => assert.equal(binaryExtension(octets), extension));
}

const TEXTS: [title: string, octets: Uint8Array][] = [
  ["nothing", latin1("")],
  ["ASCII", latin1("Hello\n")],
  ["UTF-8", Buffer.from("Grüße 日本語\n")],
  ["Latin 1", latin1("Gr\xfc\xdfe\n")],
  ["Windows-1252", latin1("\x93Gr\xfc\xdfe\x94\n")],
  ["Shift_JIS", latin1("\x93\xfa\x96{\x8c\xea\x82\xcc\x83e\x83L\x83X\x83g\n")],
  ["KOI8-R", latin1("\xf0\xd2\xc9\xd7\xc5\xd4\n")],
  ["all octets above the controls", Uint8Array.from({ length: 224 }, (_, i) => i + 32)],
  ["a NUL", latin1("a\0b")],
  ["a NUL in Latin 1", latin1("M\xfcller\0\n")],
  ["a list that is separated by NUL", latin1("/etc/a\0/etc/b\0/srv\0".repeat(100))],
  ["a log with a run of NUL", latin1(`Nov 22 10:00 a\n${zeros(4000)}Nov 22 10:05 b\n`)],
  ["a log in Latin 1 with runs of NUL", latin1(`M\xfcller\n${zeros(9)}\n${zeros(5000)}b\n`)],
  ["a log that ends in NUL", latin1(`${"a line\n".repeat(10)}${zeros(1_000_000)}`)],
  ["a log that starts with NUL", latin1(`${zeros(1_000_000)}${"a line of M\xfcller\n".repeat(9)}`)],
  ["a text that starts like cpio", latin1(`070701 is a number${zeros(200)}`)],
  ["a long number", latin1(`070707${"8".repeat(100)}\n`)],
  ["columns of numbers with NULs", latin1(`${"0000644\0".repeat(64)}\n`)],
  ["NUL alone", latin1(zeros(10_000))],
  ["colours of a terminal", latin1("\x1b[31mM\xfcller\x1b[0m\x07\n".repeat(100))],
  ["overstriking", latin1("M\x08Mu\x08u\xfc\x08\xfc\n".repeat(100))],
  ["a progress bar", latin1("10%\r20%\r30% \xfc\r".repeat(100))],
  ["ISO-2022-JP", latin1("\x1b$B$3$s\x1b(B\n")],
  ["ISO-2022-KR", latin1("\x1b$)C\x0e1[\x0f \x0e1[\x0f\n")],
  ["PostScript", latin1("%!PS-Adobe-3.0\n")],
  ["RTF", latin1("{\\rtf1\\ansi Gr\\'fc\\'dfe}")],
  ["a word that starts like a file", latin1("PK is a name, BZh9 and GIF89a too; MZ\n")],
  ["a text that starts like GIF", latin1("GIF89a is a format.\n")],
  ["a text that starts like tar", latin1(`${"x".repeat(257)}ustr`)],
  ["a text that starts like RIFF", latin1("RIFF and WAVE\n")],
  ["base64", latin1("H4sIAAAAAAACA0tMSk5JTUvPAACqVpb1CAAAAA==\n")],
];

for (const [title, octets] of TEXTS) {
  Deno.test(`${title} is a text`, () => assert.equal(binaryExtension(octets), undefined));
}
