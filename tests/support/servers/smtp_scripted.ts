/**
 * An SMTP server that does what a table tells it, byte by byte, and keeps what the client said:
 * for what no honest server does. Without a table it is a well-behaved server.
 *
 * @module
 */

import {
  type Conversation,
  converse,
  type Script,
  type ScriptedOptions,
  type SubmittedMessage,
} from "./smtp_conversation.ts";
import { listen, type ListeningServer } from "./tcp.ts";

/** After this time a message that is waited for is taken never to come, in milliseconds. */
const HANGS_AFTER = 60_000;

/** A running scripted server. */
export type ScriptedSmtp = ListeningServer & {
  /** All connections so far, in order. */
  readonly conversations: readonly Conversation[];
  /** The commands of all connections, in order. */
  commands(): string[];
  /** The messages of all connections, in order, whatever became of them. */
  messages(): SubmittedMessage[];
  /** Waits until so many messages have come in whole, and gives all that have. */
  received(count: number): Promise<SubmittedMessage[]>;
  /** Waits until every connection made so far is closed and all its bytes are here. */
  settled(): Promise<void>;
};

/** Starts a scripted server on a free loopback port. */
export async function scriptedSmtp(
  script: Script = {},
  options: ScriptedOptions = {},
): Promise<ScriptedSmtp> {
  const conversations: Conversation[] = [];
  const server = await listen((socket) => {
    const { conversation, done } = converse(socket, script, options);
    conversations.push(conversation);
    return done;
  }, options.port);
  const messages = () => conversations.flatMap((each) => each.messages);
  return {
    ...server,
    conversations,
    commands: () => conversations.flatMap((each) => each.commands),
    messages,
    async received(count) {
      for (const start = Date.now(); messages().length < count;) {
        if (Date.now() - start > HANGS_AFTER) {
          throw new Error(`${messages().length} messages have come in, not ${count}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return messages();
    },
  };
}
