/**
 * The soak: 2,000 messages, 20 at a time, through the executable to a mail server that fails at
 * random at every stage. What the exit status says is then compared with what the server has:
 * `deno task soak`, or `deno task soak 500` for another number of messages.
 *
 * @module
 */

import {
  type Action,
  garbage,
  hangUp,
  inTurn,
  raw,
  reply,
  reset,
  silence,
} from "../tests/support/servers/peer.ts";
import { sendmail } from "../tests/support/program/program.ts";
import { smarthostHash } from "../tests/support/servers/redis.ts";
import { scriptedRedis } from "../tests/support/servers/redis_scripted.ts";
import { converse, type Script, type Stage } from "../tests/support/servers/smtp_conversation.ts";
import { listen, type ListeningServer } from "../tests/support/servers/tcp.ts";

const AT_ONCE = 20;

/** The longest wait for an answer, in seconds; more than a busy machine takes. */
const TIMEOUT = 5;

/** How often a stage fails. There are eight, and about every other message must get through. */
const FAILS = 0.08;

/** The positive reply to each stage, in the order of a conversation. */
const RIGHT: Partial<Record<Stage, string[]>> = {
  greeting: ["220 soak.test ESMTP"],
  ehlo: ["250-soak.test", "250-8BITMIME", "250 ENHANCEDSTATUSCODES"],
  mail: ["250 2.1.0 Ok"],
  rcpt: ["250 2.1.5 Ok"],
  data: ["354 Go on"],
  body: [],
  dot: ["250 2.0.0 Ok: queued as 4F1"],
  quit: ["221 2.0.0 Bye"],
};

/**
 * The fate of a message on the server: accepted, accepted with the reply lost, or not accepted.
 */
type Fate = "taken" | "lost" | "refused";

/** A fault; the fate matters only at the final dot. */
type Fault = { name: string; action: (right: string[]) => Action; fate: Fate };

const YES_AND_GONE = "yes, hang-up";
const FAULTS: Fault[] = [
  { name: "4xx", action: () => reply("451 4.3.0 Later"), fate: "refused" },
  { name: "5xx", action: () => reply("554 5.3.0 Never"), fate: "refused" },
  { name: "421", action: () => inTurn(reply("421 4.3.2 Bye"), hangUp()), fate: "refused" },
  { name: "hang-up", action: () => hangUp(), fate: "lost" },
  { name: "reset", action: () => reset(), fate: "lost" },
  { name: "silence", action: () => inTurn(silence()), fate: "lost" },
  { name: "garbage", action: () => garbage(), fate: "lost" },
  { name: "half a reply", action: () => inTurn(raw("250 2.0"), hangUp()), fate: "lost" },
  // A message that was accepted stays accepted if the connection is lost.
  { name: YES_AND_GONE, action: (right) => inTurn(reply(...right), hangUp()), fate: "taken" },
];

/** What the server has, message by message, and which faults it made. */
type Ledger = {
  fates: Map<string, Fate[]>;
  /** The faults before a message was there, by its id, for whoever wants to know what went on. */
  stories: Map<string, string>;
  faults: Map<string, number>;
};

/** The id by which a message is recognized. */
const ID = /^id=(\d+)\r?$/m;

/** Starts a mail server with a random fault on each connection. */
function unreliableServer(ledger: Ledger): Promise<ListeningServer> {
  return listen((socket) => {
    const script = scriptOf(ledger, () => ID.exec(conversation.saidText())?.[1] ?? "unknown");
    const { conversation, done } = converse(socket, script, {});
    return done;
  });
}

/** Chooses at random whether each stage fails, and how. */
function scriptOf({ fates, stories, faults }: Ledger, currentId: () => string): Script {
  const story: string[] = [];
  let isOver = false;
  const play = ([stage, right]: [string, string[]]): [string, Action] => {
    const fault = Math.random() < FAILS
      ? FAULTS[Math.floor(Math.random() * FAULTS.length)]
      : undefined;
    const action = fault?.action(right) ?? reply(...right);
    return [stage, (peer) => {
      if (fault) faults.set(fault.name, (faults.get(fault.name) ?? 0) + 1);
      if (fault) story.push(`${stage}: ${fault.name}`);
      if (stage !== "dot") {
        // A fault in mid-message is the reply to it; after a hang-up there is no other reply.
        isOver ||= fault !== undefined && (stage === "body" || fault.name === YES_AND_GONE);
        return action(peer);
      }
      const id = currentId();
      const fate = isOver ? "lost" : fault?.fate ?? "taken";
      fates.set(id, [...fates.get(id) ?? [], fate]);
      stories.set(id, story.join(", "));
      return isOver ? peer.hangUp() : action(peer);
    }];
  };
  return Object.fromEntries(Object.entries(RIGHT).map(play));
}

/** Sends all messages, some at the same time, and gives the exit status of each by its id. */
async function sendAll(messages: number, ledger: Ledger): Promise<Map<string, number>> {
  await using server = await unreliableServer(ledger);
  await using redis = await scriptedRedis({}, smarthostHash(server));
  const statuses = new Map<string, number>();
  let next = 0;
  const work = async () => {
    while (next < messages) {
      const id = `${next++}`;
      const args = ["-f", "soak@from.test", "--timeout", `${TIMEOUT}`, "soak@to.test"];
      const { status } = await sendmail(args, { redis, stdin: `Soaked\nid=${id}\n` });
      statuses.set(id, status);
      if (statuses.size % 200 === 0) console.log(`${statuses.size} of ${messages}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await server.settled();
  return statuses;
}

/** Counts each result, and lists the results that must not occur. */
function compare(statuses: Map<string, number>, { fates, stories }: Ledger) {
  const ends = new Map<string, number>();
  const wrong: string[] = [];
  for (const [id, status] of statuses) {
    const has = fates.get(id) ?? [];
    const end = `status ${status}, on the server: ${has.join(" and ") || "nothing"}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    // One yes and status 0, or neither; a message whose answer was lost may be there all the same.
    const isRight = status === 0
      ? has.length === 1 && has[0] === "taken"
      : has.length <= 1 && !has.includes("taken");
    if (!isRight) wrong.push(`message ${id}: ${end} (${stories.get(id)})`);
  }
  for (const id of fates.keys()) if (!statuses.has(id)) wrong.push(`nobody sent message ${id}`);
  return { ends, wrong };
}

function print(title: string, counts: Map<string, number>): void {
  console.log(title);
  for (const [name, count] of [...counts].sort()) {
    console.log(`  ${`${count}`.padStart(5)}  ${name}`);
  }
}

const messages = Number(Deno.args[0] ?? 2000);
if (!Number.isInteger(messages) || messages < 1) throw new Error("Not a number of messages");
const ledger: Ledger = { fates: new Map(), stories: new Map(), faults: new Map() };
const started = performance.now();
const statuses = await sendAll(messages, ledger);
const seconds = (performance.now() - started) / 1000;
const { ends, wrong } = compare(statuses, ledger);
console.log(`${messages} messages in ${seconds.toFixed(0)} s, ${AT_ONCE} at a time`);
print("What the server did wrong:", ledger.faults);
print("How the messages ended:", ends);
console.log(`${wrong.length} messages whose status is not what the server knows`);
wrong.forEach((line) => console.log(line));
Deno.exitCode = wrong.length > 0 ? 1 : 0;
