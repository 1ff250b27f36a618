import assert from "node:assert/strict";
import { decodeLines, isLastLine, parseCapabilities, parseReply } from "../../../lib/smtp/reply.ts";

const REPLIES: [string, string, ReturnType<typeof parseReply>][] = [
  ["a single line", "250 Ok", { code: 250, text: "Ok" }],
  ["a line without text", "354", { code: 354, text: "" }],
  ["a line with an empty text", "250 ", { code: 250, text: "" }],
  ["several lines", "250-one\n250 two", { code: 250, text: "one\ntwo" }],
  ["several lines with CRLF", "550-no\r\n550 never", { code: 550, text: "no\nnever" }],
  ["a last line without text", "250-one\n250", { code: 250, text: "one\n" }],
  ["a text with a tab", "421 \tbye", { code: 421, text: "\tbye" }],
  ["lines whose codes differ", "250-one\n251 two", undefined],
  ["a line of HTTP", "HTTP/1.1 400 Bad Request", undefined],
  ["a greeting of SSH", "SSH-2.0-OpenSSH_9.2", undefined],
  ["a code of two digits", "25 Ok", undefined],
  ["a code of four digits", "2500 Ok", undefined],
  ["a code from 1 to 199", "120 wait", undefined],
  ["a code over 599", "650 what", undefined],
  ["another separator", "250_Ok", undefined],
  ["an empty line", "", undefined],
  ["an empty line within", "250-one\n\n250 two", undefined],
];
for (const [name, text, expected] of REPLIES) {
  const verb = expected === undefined ? "is no reply" : "is read";
  Deno.test(`${name} ${verb}`, () => assert.deepEqual(parseReply(text), expected));
}

Deno.test("a line with a hyphen behind its code is not the last one", () => {
  assert.equal(isLastLine("250-more"), false);
  assert.equal(isLastLine("250 done"), true);
  assert.equal(isLastLine("250"), true);
});

const DECODED: [string, number[], string[]][] = [
  ["UTF-8 is read as such", [...new TextEncoder().encode("250 größe\r\n")], ["250 größe"]],
  ["what is not UTF-8 is read as Windows wrote it", [0x35, 0xe9, 0x80, 0x0a], ["5\u00e9\u20ac"]],
  [
    "each line is UTF-8, or not, for itself",
    [0xc3, 0xa9, 0x0d, 0x0a, 0xe9, 0x0a, 0xc3, 0xa9, 0x0a],
    ["\u00e9", "\u00e9", "\u00e9"],
  ],
  [
    "U+FFFD may be a character that was sent, beside lines that are no UTF-8",
    [0xef, 0xbf, 0xbd, 0x0a, 0xef, 0xbf, 0xbd, 0xff, 0x0a, 0xc3, 0xef, 0xbf, 0xbd, 0x0a],
    ["\ufffd", "\u00ef\u00bf\u00bd\u00ff", "\u00c3\u00ef\u00bf\u00bd"],
  ],
  ["only a CR before the LF belongs to the line end", [0x0d, 0x41, 0x0d, 0x0d, 0x0a], ["\rA\r"]],
  ["empty lines are lines", [0x0a, 0x0d, 0x0a], ["", ""]],
  ["a byte order mark is text", [0xef, 0xbb, 0xbf, 0x32, 0x0a], ["\ufeff2"]],
];
for (const [title, bytes, expected] of DECODED) {
  Deno.test(`in replies ${title}`, () => {
    assert.deepEqual(decodeLines(Uint8Array.from(bytes)), expected);
  });
}

const NOTHING = {
  startTls: false,
  smtpUtf8: false,
  eightBitMime: false,
  pipelining: false,
  auth: [],
};
const OFFERS: [string, string[], ReturnType<typeof parseCapabilities>][] = [
  ["nothing", [], NOTHING],
  ["every known extension", [
    "PIPELINING",
    "SIZE 10240000",
    "STARTTLS",
    "AUTH PLAIN LOGIN",
    "8BITMIME",
    "SMTPUTF8",
    "LIMITS MAILMAX=3 RCPTMAX=100 RCPTDOMAINMAX=1",
  ], {
    pipelining: true,
    recipientLimit: 100,
    startTls: true,
    smtpUtf8: true,
    eightBitMime: true,
    size: 10240000,
    auth: ["PLAIN", "LOGIN"],
  }],
  ["keywords in small letters", ["starttls", "auth cram-md5"], {
    ...NOTHING,
    startTls: true,
    auth: ["CRAM-MD5"],
  }],
  ["SIZE without a number", ["SIZE"], { ...NOTHING, size: 0 }],
  ["SIZE with something else", ["SIZE many"], { ...NOTHING, size: 0 }],
  ["no limit of recipients", ["LIMITS MAILMAX=3", "XLIMITS RCPTMAX=1"], NOTHING],
  ["a limit that is no number", ["LIMITS RCPTMAX=many MAILMAX=3"], NOTHING],
  ["a limit of nobody", ["LIMITS RCPTMAX=0"], NOTHING],
  ["the old AUTH=", ["AUTH=LOGIN PLAIN"], { ...NOTHING, auth: ["LOGIN", "PLAIN"] }],
  ["AUTH twice", ["AUTH LOGIN", "AUTH=PLAIN"], { ...NOTHING, auth: ["LOGIN", "PLAIN"] }],
  ["a mechanism twice", ["AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN"], {
    ...NOTHING,
    auth: ["PLAIN", "LOGIN"],
  }],
  ["words that only contain a keyword", ["XSTARTTLS", "STARTTLSX", "XAUTH PLAIN"], NOTHING],
];
for (const [name, keywords, expected] of OFFERS) {
  Deno.test(`EHLO that offers ${name} is understood`, () => {
    const text = ["mail.example at your service", ...keywords].join("\n");
    assert.deepEqual(parseCapabilities({ code: 250, text }), expected);
  });
}

Deno.test("the server's own name offers nothing", () => {
  assert.deepEqual(parseCapabilities({ code: 250, text: "STARTTLS AUTH PLAIN" }), NOTHING);
});

const OFTEN = 2_000_000;

for (const line of ["AUTH PLAIN", "SIZE 1", "X-SOMETHING a=b"]) {
  Deno.test(`a server that says one keyword again and again is read in time: ${line}`, () => {
    const text = `mail.example\n${`${line}\n`.repeat(OFTEN)}STARTTLS`;
    assert.equal(parseCapabilities({ code: 250, text }).startTls, true);
  });
}

Deno.test("a server with millions of mechanisms is read in time", () => {
  const names = Array.from({ length: OFTEN }, (_, at) => `M${at}`);
  const reply = { code: 250, text: `mail.example\nAUTH ${names.join(" ")} PLAIN` };
  assert.equal(parseCapabilities(reply).auth.length, OFTEN + 1);
});

for (const [what, text] of [["blanks", " "], ["carriage returns", "\r"]] as const) {
  Deno.test(`a reply of nothing but ${what} is read in time`, () => {
    const line = text.repeat(OFTEN);
    assert.equal(parseReply(`250 ${line}`)?.text, line);
    assert.deepEqual(decodeLines(new TextEncoder().encode(`250 ${line}x\n`)), [`250 ${line}x`]);
    parseCapabilities({ code: 250, text: `x\n${line}AUTH${line}` });
  });
}

Deno.test("a reply of empty lines, and one of lines that are no UTF-8, are read in time", () => {
  assert.equal(parseReply(`${"250-\n".repeat(OFTEN)}250 end`)?.text.length, OFTEN + 3);
  const bytes = new Uint8Array(2 * OFTEN).fill(0xff);
  for (let at = 1; at < bytes.length; at += 2) bytes[at] = 0x0a;
  assert.equal(decodeLines(bytes).length, OFTEN);
});
