import assert from "node:assert/strict";
import {
  ExitStatus,
  Failure,
  type LogRecord,
  type Outcome,
  type Output,
  type Result,
} from "../../../lib/outcome.ts";
import {
  announceFailure,
  announceReport,
  announceResult,
  recordResult,
} from "../../../lib/report/announce.ts";
import { redactor } from "../../../lib/report/redact.ts";
import type { Attempt } from "../../../lib/report/attempt.ts";

const PASSWORD = "Abc123xyz+/Q";
const SERVER = "mail.example:587";
const LONG = `${PASSWORD} `.repeat(100_000);

const SENT: Outcome = {
  status: ExitStatus.ok,
  server: SERVER,
  reply: { code: 250, text: LONG },
  recipients: [{ address: "b@x.org", accepted: true, reply: { code: 250, text: LONG } }],
};
const REFUSED = new Failure({
  status: ExitStatus.notAllowed,
  what: "Login refused",
  where: SERVER,
  reply: { code: 535, text: LONG },
});

/** Announces what came of an attempt, and keeps everything that is said. */
async function announced(result: Result, json: boolean, print?: Output["print"]) {
  const attempt: Attempt = { from: "a@x.org", to: "b@x.org", subject: "", server: SERVER };
  const said: string[] = [];
  const redacted: string[] = [];
  const redact = redactor([PASSWORD]);
  const audience = {
    print: print ?? ((what: string | Iterable<Uint8Array>) => {
      said.push(`stdout: ${what}`);
      return Promise.resolve(ExitStatus.ok);
    }),
    writeError: (line: string) => void said.push(`stderr: ${line}`),
    redact: (text: string, limit?: number) => {
      redacted.push(text);
      return redact(text, limit);
    },
  };
  const log = {
    write: ({ text }: LogRecord) => {
      said.push(`log: ${text}`);
      return Promise.resolve();
    },
  };
  await recordResult(result, attempt, audience.redact, log);
  const status = await announceResult(result, attempt, json, audience);
  return { status, said, redacted };
}

Deno.test("a success leaves only the log record, and no reply is redacted for it", async () => {
  const { status, said, redacted } = await announced(SENT, false);
  assert.equal(status, 0);
  assert.deepEqual(said.map((line) => line.slice(0, 16)), ["log: status=sent"]);
  assert.deepEqual(redacted, []);
});

Deno.test("with --json the replies of a success are shown, masked and bounded", async () => {
  const { status, said: [record, json = "", ...more] } = await announced(SENT, true);
  assert.equal(status, 0);
  assert.match(record ?? "", /^log: status=sent /);
  assert.deepEqual(more, []);
  assert(!json.includes("Abc1"));
  const { reply, recipients } = JSON.parse(json.slice("stdout: ".length));
  for (const text of [reply, recipients[0].reply]) {
    assert.match(text, /^250 \*\*\* .*\.\.\. \(\d+ more\)$/);
    assert(text.length < 1100);
  }
});

Deno.test("a failure is written to the log first, then to stderr, then as JSON: masked and bounded", async () => {
  const { status, said } = await announced(REFUSED, true);
  assert.equal(status, 77);
  assert.deepEqual(said.map((line) => line.split(": ", 1)[0]), ["log", "stderr", "stdout"]);
  for (const line of said) {
    assert(!line.includes("Abc1"), line);
    assert(line.length < 3000, `${line.length}`);
  }
});

Deno.test("if the JSON cannot be written, the status does not change", async () => {
  const print = () => Promise.reject(new Failure({ status: ExitStatus.io, what: "No stdout" }));
  assert.equal((await announced(SENT, true, print)).status, 0);
  assert.equal((await announced(REFUSED, true, print)).status, 77);
});

Deno.test("a check is reported on stdout and its failure on stderr, masked and bounded", async () => {
  for (const json of [false, true]) {
    const said: string[] = [];
    const status = await announceReport(
      {
        status: ExitStatus.notAllowed,
        server: `${"h".repeat(60_000)}:25`,
        steps: [
          { name: "settings", ok: true, detail: LONG },
          { name: "login", ok: false, detail: `Login refused: 535 ${LONG}` },
        ],
        warnings: ["w".repeat(60_000)],
        failure: REFUSED,
      },
      json,
      {
        print: (what) => {
          said.push(`${what}`);
          return Promise.resolve(ExitStatus.ok);
        },
        writeError: (line) => void said.push(line),
        redact: redactor([PASSWORD]),
      },
    );
    assert.equal(status, 77);
    assert.equal(said.length, 2);
    for (const text of said) {
      assert(!text.includes("Abc1"), text);
      assert(text.length < 10_000, `${text.length}`);
    }
  }
});

Deno.test("what stops a run before an attempt is one line, whatever it is", () => {
  const said: string[] = [];
  const output = {
    print: () => Promise.resolve(ExitStatus.ok),
    writeError: (line: string) => void said.push(line),
  };
  assert.equal(announceFailure(new Failure({ status: 64, what: "x".repeat(9999) }), output), 64);
  assert.equal(announceFailure(new Error(`a\nb${"c".repeat(9999)}`), output), 70);
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /^Error: x{1000}\.\.\. \(8999 more\)$/);
  assert.match(said[1] ?? "", /^Error: Internal error: a bc+\.\.\. \(\d+ more\)$/);
});
