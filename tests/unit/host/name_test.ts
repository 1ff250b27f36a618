import assert from "node:assert/strict";
import { fullyQualifiedHostName, type NameService } from "../../../lib/host/name.ts";

const service = (name: string, names: string[]): NameService => ({
  hostName: () => name,
  namesOf: () => Promise.resolve(names),
});

/** A title, the host's name, the names of its addresses, and what is made of them. */
const NAMES: [title: string, name: string, names: string[], expected: string][] = [
  ["its own name that is qualified", "node.example.org", ["other.example.org"], "node.example.org"],
  ["its own name without the dot of DNS", "node.example.org.", [], "node.example.org"],
  ["the name of its address", "node", ["node.example.org"], "node.example.org"],
  ["the name of its address without the dot of DNS", "node", ["node.x.org."], "node.x.org"],
  ["the name that begins with its own", "node", ["a.x.org", "NODE.x.org"], "NODE.x.org"],
  ["the first name that is qualified", "node", ["node", "a.x.org", "b.x.org"], "a.x.org"],
  ["its bare name where there is no other", "node", [], "node"],
  ["its bare name where its address has it too", "node", ["node"], "node"],
  ["its bare name where its address is loopback", "node", ["localhost"], "node"],
  [
    "its bare name where the loopback address has a placeholder",
    "node",
    ["localhost.localdomain", "localhost6.localdomain6"],
    "node",
  ],
  ["its bare name where its address has no name", "node", ["192.0.2.1", "2001:db8::1"], "node"],
  [
    "its bare name where that of its address is none",
    "node",
    ["a b.org", "-a.org", "a..b"],
    "node",
  ],
  ["a name behind one that is none", "node", ["a_b.x.org", "node.x.org"], "node.x.org"],
  ["a name of its address where its own is none", "my_node", ["node.x.org"], "node.x.org"],
  ["localhost where its own is none", "my_node", [], "localhost"],
  ["localhost where its own breaks the line", "a\r\nb.org", [], "localhost"],
  ["localhost where its own is an address", "192.0.2.1", [], "localhost"],
  ["localhost where its own is outside ASCII", "n\u00f6de.example.org", [], "localhost"],
  ["localhost where it has no name", "", ["node.x.org"], "localhost"],
  ["localhost where its own has a label too long", `${"x".repeat(64)}.org`, [], "localhost"],
  ["localhost where its own is too long", `${"x.".repeat(127)}org`, [], "localhost"],
];

for (const [title, name, names, expected] of NAMES) {
  Deno.test(`the host calls itself by ${title}`, async () => {
    assert.equal(await fullyQualifiedHostName(30_000, service(name, names)), expected);
  });
}

Deno.test("a qualified name asks no name service", async () => {
  const names = () => assert.fail("the name service was asked");
  const name = await fullyQualifiedHostName(30_000, { hostName: () => "a.org", namesOf: names });
  assert.equal(name, "a.org");
});

Deno.test("a name service that fails leaves the bare name", async () => {
  const namesOf = () => Promise.reject(new Error("getaddrinfo EAI_AGAIN node"));
  const name = await fullyQualifiedHostName(30_000, { hostName: () => "node", namesOf });
  assert.equal(name, "node");
});

Deno.test("a name service that does not answer leaves the bare name", async () => {
  const namesOf = () => new Promise<string[]>(() => {});
  assert.equal(await fullyQualifiedHostName(1, { hostName: () => "node", namesOf }), "node");
});

Deno.test("a host that may not know its name is localhost", async () => {
  const hostName = () => {
    throw new Deno.errors.NotCapable("Requires sys access");
  };
  const namesOf = () => Promise.resolve(["node.x.org"]);
  assert.equal(await fullyQualifiedHostName(30_000, { hostName, namesOf }), "localhost");
});

Deno.test("this host has a name", async () => {
  const name = await fullyQualifiedHostName();
  assert.match(name, /^[a-z\d-]+(?:\.[a-z\d-]+)*$/i);
  const own = Deno.hostname();
  if (own.includes(".")) assert.equal(name, own);
});
