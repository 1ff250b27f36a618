import assert from "node:assert/strict";
import { queueIdOf } from "../../../lib/report/queue_id.ts";

const QUEUE_IDS: [server: string, reply: string, id: string | undefined][] = [
  ["Postfix", "2.0.0 Ok: queued as 4F1B2C3D4E", "4F1B2C3D4E"],
  ["Postfix with long ids", "2.0.0 Ok: queued as 4bXyZ12zQkz9rT", "4bXyZ12zQkz9rT"],
  [
    "Postfix behind a filter",
    "2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4F1",
    "4F1",
  ],
  ["Sendgrid", "Ok: queued as c0-Jm9fTQUKKyq3xP_w", "c0-Jm9fTQUKKyq3xP_w"],
  ["an id with a period behind it", "Ok, queued as 4F1.", "4F1"],
  ["Exim", "OK id=1qABcd-0001Ab-2C", "1qABcd-0001Ab-2C"],
  ["Sendmail", "2.0.0 3AB12345012345 Message accepted for delivery", "3AB12345012345"],
  ["OpenSMTPD", "2.0.0 9a8b7c6d Message accepted for delivery", "9a8b7c6d"],
  ["someone who accepts without an id", "2.0.0 Ok Message accepted for delivery", undefined],
  [
    "Exchange",
    "2.6.0 <4711@pc.example> [InternalId=123456, Hostname=ex.example] Queued mail for delivery",
    "123456",
  ],
  ["qmail", "ok 1700000000 qp 4711", "4711"],
  ["Haraka", "Message Queued (8F3A-11.1)", "8F3A-11.1"],
  ["Stalwart", "2.0.0 Message queued with id 4f1b2c.", "4f1b2c"],
  ["Gmail", "2.0.0 OK  1700000000 a1b2-20020a05600c.4 - gsmtp", "a1b2-20020a05600c.4"],
  [
    "Amazon SES",
    "Ok 0102018f5c3f1b2a-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
    "0102018f5c3f1b2a-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
  ],
  [
    "Microsoft 365",
    "2.0.0 OK <AS8P1.4F@AS8P1.eurprd01.prod.outlook.com> [Hostname=AS8P1.eurprd01.prod.outlook.com]",
    "AS8P1.4F@AS8P1.eurprd01.prod.outlook.com",
  ],
  [
    "IONOS and GMX",
    "Requested mail action okay, completed: id=1MKsaz-1wevcp3BHR-00M7kH",
    "1MKsaz-1wevcp3BHR-00M7kH",
  ],
  [
    "Brevo",
    "2.0.0 OK: queued as <202511201234.4711@smtp-relay.mailin.fr>",
    "202511201234.4711@smtp-relay.mailin.fr",
  ],
  ["Momentum and SparkPost", "2.0.0 OK 8C/28-13652-9CA8E265", "8C/28-13652-9CA8E265"],
  ["Kerio", "2.0.0 5f1a2b3c-0000002a Message accepted for delivery", "5f1a2b3c-0000002a"],
  ["Proofpoint", "2.0.0 3k2j1h4g5f-1 Message accepted for delivery", "3k2j1h4g5f-1"],
  [
    "FortiMail",
    "2.0.0 x8QAVhbP016241-x8QAVhbQ016241 Message accepted for delivery",
    "x8QAVhbP016241-x8QAVhbQ016241",
  ],
  [
    "Cloudmark",
    "2.0.0 hJd41n00F1swx4U0HJd4xg mail accepted for delivery",
    "hJd41n00F1swx4U0HJd4xg",
  ],
  ["Courier", "Ok. 000000006B071D01.00003FBA", "000000006B071D01.00003FBA"],
  ["qpsmtpd before qmail", "Queued! 1700000000 qp 4711 <id@pc.example>", "4711"],
  ["qpsmtpd alone", "Queued! <4711@pc.example>", "4711@pc.example"],
  ["qpsmtpd before Postfix", "Queued! <id@pc.example> (Queue-Id: 4F1B2C)", "4F1B2C"],
  [
    "Mimecast",
    "SmtpThread-1180021-1436537466424@uk-mta-35.uk.mimecast.lan Received OK [kgH5aLP5OJOVj_V7RSFEtg.uk22]",
    "kgH5aLP5OJOVj_V7RSFEtg.uk22",
  ],
  ["MDaemon", "Ok, message saved <Message-ID: 4711@pc.example>", "4711@pc.example"],
  ["Yandex", "2.0.0 Ok: queued on mail1.yandex.net as 1700000000-4F1b2C", "1700000000-4F1b2C"],
  ["Cisco", "ok:  Message 47110815 accepted", "47110815"],
  [
    "iCloud",
    "2.5.0 Ok, envelope id 0P41004711@st-asmtp-me.mac.com",
    "0P41004711@st-asmtp-me.mac.com",
  ],
  ["CommuniGate Pro", "4711 message accepted for delivery", "4711"],
  ["Mailgun", "Great success", undefined],
  ["hMailServer", "Queued (0.125 seconds)", undefined],
  ["Domino", "Message accepted for delivery", undefined],
  ["James", "2.6.0 Message received", undefined],
  ["Axigen", "Mail queued for delivery", undefined],
  ["Yahoo", "ok dirdel", undefined],
  ["MailEnable", "Requested mail action okay, completed", undefined],
  [
    "IIS, which repeats the Message-ID",
    "2.6.0 <4711@pc.example> Queued mail for delivery",
    undefined,
  ],
  ["a server that repeats the Message-ID", "2.0.0 OK <4711@pc.example>", undefined],
  ["words with hyphens", "2.0.0 well-known Message accepted for delivery", undefined],
  ["a size", "Ok 4711", undefined],
  ["a date", "Ok 2026-11-25", undefined],
  ["a server that says nothing", "", undefined],
  ["a server that says Ok", "2.0.0 Ok", undefined],
  ["a server that queued nothing by name", "2.0.0 Ok: queued", undefined],
  ["words that only look like it", "thanks, the id=4 of you", undefined],
];

for (const [server, reply, id] of QUEUE_IDS) {
  Deno.test(`the queue entry is read from the reply of ${server}`, () => {
    assert.equal(queueIdOf(reply), id);
  });
}
