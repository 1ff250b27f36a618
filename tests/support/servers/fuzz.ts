/**
 * The fuzzer: plays servers that chance has made against the executable, and holds every run to
 * what is promised for all of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Authority, Certificate } from "./certificates.ts";
import { caseOf, type FuzzCase, type Move, type Mutation } from "./fuzz_cases.ts";
import { TooSlow } from "../program/parallel.ts";
import { type Action, hangUp, inTurn, pause, raw, reset, silence } from "./peer.ts";
import { type Run, sendmail } from "../program/program.ts";
import { type SmarthostHash, smarthostHash } from "./redis.ts";
import { encodeMap, scriptedRedis } from "./redis_scripted.ts";
import type { Script, Stage } from "./smtp_conversation.ts";
import { type ScriptedSmtp, scriptedSmtp } from "./smtp_scripted.ts";

/** The servers' certificate, and the file of the authority that the program trusts. */
export type Trust = { certificate: Certificate; authorityFile: string };

/** A run that broke a promise; its seed plays it again. */
export type Finding = { seed: number; case: FuzzCase; error: unknown };

/** What came of many runs. */
export type Tally = { runs: number; statuses: Map<number, number>; findings: Finding[] };

/** How to fuzz: from which seed on, how often or until when, how many runs at the same time. */
export type FuzzOptions = {
  seed: number;
  runs: number;
  /** Aborts where time is what counts. */
  signal?: AbortSignal;
  atOnce: number;
  onFinding?: (finding: Finding) => void;
};

/** The longest wait for one answer, in seconds, and how much later a run has to be over. */
const TIMEOUT = 1;
const GRACE = 2000;

/** After this time a run and its servers are taken to wait for ever, in milliseconds. */
const NEVER_ENDS_AFTER = 90_000;

/** How many characters of a case are shown; the seed brings back all of it. */
const MOST_SHOWN = 3000;

/** The statuses of the contract, but for those of what the fuzzer does not do (64, 70, 74). */
const STATUSES = new Set([0, 65, 67, 68, 69, 75, 76, 77, 78]);

/** A whole reply that says yes, at the beginning (RFC 5321, 4.2.1). */
const YES = /^(?:(2\d\d)-[^\n]*\n(?:\1-[^\n]*\n)*\1|2\d\d)(?: [^\n]*)?\r?\n/;
/** Any whole reply at the beginning. */
const REPLY = /^(?:\d{3}-[^\n]*\n)*[^\n]*\n/;

/** What the server did, stage by stage. */
type Played = { stage: Stage; move: Move; spent: number; connection: number };

/** Makes what the servers need who offer STARTTLS. */
export async function trustIn(authority: Authority): Promise<Trust> {
  return { certificate: await authority.issue(), authorityFile: authority.certificateFile };
}

/** Plays one case after the other, some at the same time; what was too slow once more by itself. */
export async function fuzz(trust: Trust, options: FuzzOptions): Promise<Tally> {
  const { seed: first, runs, signal, atOnce, onFinding } = options;
  const tally: Tally = { runs: 0, statuses: new Map(), findings: [] };
  const slow: number[] = [];
  const play = async (seed: number, isAlone: boolean) => {
    const fuzzCase = caseOf(seed);
    try {
      const { status } = await ended(playCase(fuzzCase, trust, `${seed}`));
      tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
      tally.runs++;
    } catch (error) {
      if (error instanceof TooSlow && !isAlone) return void slow.push(seed);
      const finding = { seed, case: fuzzCase, error };
      tally.findings.push(finding);
      tally.runs++;
      onFinding?.(finding);
    }
  };
  let next = first;
  const work = async () => {
    while (next < first + runs && !signal?.aborted) await play(next++, false);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const seed of slow) await play(seed, true);
  return tally;
}

/** Gives what comes of a run, or throws where nothing does: also a server of the test may wait for ever. */
async function ended(playing: Promise<Run>): Promise<Run> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The run has no end")), NEVER_ENDS_AFTER);
  try {
    return await Promise.race([playing, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The finding in words: how to play it again, what is wrong, and what the servers were like. */
export function describeFinding({ seed, case: fuzzCase, error }: Finding): string {
  const what = error instanceof Error ? error.message : `${error}`;
  const servers = JSON.stringify(fuzzCase).slice(0, MOST_SHOWN);
  return `NS8_SENDMAIL_SEED=${seed} deno task fuzz 1\n${what.slice(0, MOST_SHOWN)}\n${servers}`;
}

/** Plays one case; throws where a promise is broken. */
async function playCase(fuzzCase: FuzzCase, trust: Trust, id: string): Promise<Run> {
  const { login, encryption, offersTls, capabilities, auth, redis: plan, logsIn } = fuzzCase;
  const played: Played[] = [];
  await using server = await scriptedSmtp(scriptOf(fuzzCase, played), {
    capabilities,
    login,
    auth,
    encryption: encryption === "starttls" && offersTls ? "starttls" : "none",
    certificate: trust.certificate,
  });
  const hash = hashOf(fuzzCase, server);
  await using redis = await scriptedRedis(redisScript(fuzzCase, hash), hash);
  const message = messageOf(id, fuzzCase.lines);
  const recipients = Array.from({ length: fuzzCase.recipients }, (_, i) => `u${i}@to.test`);
  const run = await sendmail(
    ["-f", "from@from.test", "--timeout", `${TIMEOUT}`, ...fuzzCase.options, ...recipients],
    {
      redis,
      stdin: message,
      env: { SSL_CERT_FILE: trust.authorityFile },
      // A hash with a password of its own is not searched for this one.
      secrets: logsIn && plan.fields.password === undefined ? [login.password] : [],
    },
  );
  await server.settled();
  assertAnswer(run, fuzzCase);
  if (run.status === 0) assertTaken(server, played, id, recipients.length);
  else if (isHonest(fuzzCase)) {
    // On a busy machine the servers of the test may be late, too.
    if (run.stderr.includes("timed out")) throw new TooSlow(run.stderr);
    assert.fail(`An honest server, and status ${run.status}: ${run.stderr}`);
  }
  const spent = played.reduce((sum, each) => sum + each.spent, 0);
  const limits = TIMEOUT * 1000 * Math.max(1, server.conversations.length);
  if (run.elapsed > spent + limits + GRACE) throw new TooSlow(`${run.elapsed} ms`);
  return run;
}

/** The status is one that there is, and what is said about it is what has to be said. */
function assertAnswer({ status, stdout, stderr }: Run, { options }: FuzzCase): void {
  assert.ok(STATUSES.has(status), `Status ${status}\n${stderr}`);
  assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, "a control character");
  const said = stderr.split("\n").slice(0, -1).filter((line) => !/^[<>*] ?/.test(line));
  const errors = said.filter((line) => line.startsWith("Error: "));
  assert.equal(errors.length, status === 0 ? 0 : 1, stderr);
  const others = said.filter((line) => !line.startsWith("Error: "));
  for (const line of others) assert.match(line, /^The others got the message: u\d@to\.test/);
  if (!options.includes("--verbose")) assert.ok(said.length === stderr.split("\n").length - 1);
  if (!options.includes("--json")) return assert.equal(stdout, "");
  assert.match(stdout, /^[\x20-\x7e]*\n$/);
  const object: unknown = JSON.parse(stdout);
  assert.ok(typeof object === "object" && object !== null);
  assert.equal(Reflect.get(object, "status"), status);
}

/**
 * Status 0: the server has the whole message, has said yes to it no earlier than it had been told
 * to go on, and yes to every recipient.
 */
function assertTaken(server: ScriptedSmtp, played: Played[], id: string, recipients: number): void {
  const { conversations } = server;
  const conversation = conversations.at(-1);
  const others = conversations.slice(0, -1);
  // One more is made where commands that were sent together were not answered; nothing is doubled.
  assert.ok(others.length <= 1, "more than two connections");
  assert.ok(others.every(({ messages }) => messages.length === 0), "two messages");
  const at = (stage: Stage) =>
    played.filter((each) => each.stage === stage && each.connection === conversations.length);
  const whole = `${endOf(id)}\r\n.\r\n`;
  // Who says yes to a message that is on its way, and reads no further, cannot be told from one who
  // has read it.
  const isBlind = at("body").some(({ move }) => YES.test(move.text));
  const isThere = conversation?.saidText().includes(whole);
  assert.ok(isThere || isBlind, "0, and the message is not there");
  const to = at("rcpt").map(({ move }) => move.text);
  assert.equal(to.length, recipients);
  assert.ok(to.every((text) => YES.test(text)), `0, and a recipient is refused: ${to}`);
  const [data] = at("data");
  const early = data?.move.text.replace(REPLY, "") ?? "";
  // In one piece with the 354 it was there before a byte of the message was on its way.
  assert.ok(early === "" || (data?.move.pieces ?? 1) > 1, "0, and the yes came before the message");
  const later = [...at("body"), ...at("dot")].map(({ move }) => move.text);
  const answer = [early, ...later].join("");
  assert.match(answer, YES, "0, and the message is refused");
}

/** Whether nothing keeps the message from being sent. */
function isHonest({ moves, redis, encryption, offersTls, logsIn, auth }: FuzzCase): boolean {
  const { fields, mutations, moves: redisMoves } = redis;
  const isUsual = [moves, fields, mutations, redisMoves].every((all) => !Object.keys(all).length);
  const canEncrypt = encryption === "none" || offersTls;
  return isUsual && canEncrypt && (!logsIn || /PLAIN|LOGIN|CRAM-MD5/i.test(auth));
}

function endOf(id: string): string {
  return `That was message ${id}.`;
}

/** A message whose end is recognized; every other line begins with a dot. */
function messageOf(id: string, lines: number): string {
  return `${".\n..\nline\n".repeat(Math.ceil(lines / 3))}${endOf(id)}\n`;
}

function hashOf(
  { login, logsIn, encryption, redis }: FuzzCase,
  server: ScriptedSmtp,
): SmarthostHash {
  const hash = smarthostHash(server, {
    ...(logsIn && login),
    encrypt_smtp: encryption,
  });
  const changed = Object.entries({ ...hash, ...redis.fields });
  const known = changed.filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(known);
}

function redisScript({ redis }: FuzzCase, hash: SmarthostHash): Record<string, Action> {
  const script = Object.entries(redis.moves).map(([name, move]) => [name, actionOf(move)]);
  if (redis.mutations.length === 0) return Object.fromEntries(script);
  const answer = Buffer.from(encodeMap(hash, 2)).toString("latin1");
  return { HGETALL: raw(Buffer.from(redis.mutations.reduce(mutate, answer), "latin1")) };
}

function mutate(text: string, { at, remove, insert }: Mutation): string {
  const from = Math.floor(at * text.length);
  return text.slice(0, from) + insert + text.slice(from + remove);
}

/** What the server does, written down as it is done; where the oracle looks, the usual too. */
function scriptOf({ moves }: FuzzCase, played: Played[]): Script {
  const usual: Partial<Record<Stage, Move[]>> = {
    greeting: [said("220 scripted.test ESMTP")],
    rcpt: [said("250 2.1.5 Ok")],
    data: [said("354 Go on")],
    dot: [said("250 2.0.0 Ok: queued as 4F1")],
  };
  const script: Script = {};
  let connection = 0;
  for (const stage of new Set([...keysOf(usual), ...keysOf(moves)])) {
    script[stage] = (moves[stage] ?? usual[stage] ?? []).map((move): Action => async (peer) => {
      if (stage === "greeting") connection++;
      const entry: Played = { stage, move, spent: 0, connection };
      played.push(entry);
      const started = performance.now();
      await actionOf({ ...move, then: "go on" })(peer);
      entry.spent = performance.now() - started;
      // Who waits for a client to go that has gone waits for ever: inTurn looks.
      await inTurn(endings[move.then])(peer);
    });
  }
  return script;
}

function keysOf(moves: FuzzCase["moves"]): Stage[] {
  const all: Stage[] = [
    ...["greeting", "ehlo", "helo", "starttls", "handshake", "auth", "answer"] as const,
    ...["mail", "rcpt", "data", "body", "dot", "quit"] as const,
  ];
  return all.filter((stage) => moves[stage] !== undefined);
}

function said(line: string): Move {
  return { text: `${line}\r\n`, pieces: 1, gap: 0, then: "go on" };
}

const endings: Record<Move["then"], Action> = {
  "go on": () => {},
  "hang up": hangUp(),
  "reset": reset(),
  "silence": silence(),
};

function actionOf({ text, pieces, gap, then }: Move): Action {
  const bytes = Buffer.from(text, "latin1");
  const size = Math.max(1, Math.ceil(bytes.length / pieces));
  const parts: Action[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) parts.push(pause(gap));
    parts.push(raw(bytes.subarray(at, at + size)));
  }
  return inTurn(...parts, endings[then]);
}
