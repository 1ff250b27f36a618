import assert from "node:assert/strict";
import { fullyQualifiedHostName, type NameService } from "../../../lib/host/name.ts";

const LONG_AGO = 30_000;

/** What a host has in /etc, and what DNS says of whole names. */
type Layout = {
  hosts?: string;
  resolv?: string;
  nsswitch?: string;
  dns?: Record<string, string[]>;
};

function service(
  name: string,
  { hosts = "", resolv = "", nsswitch, dns = {} }: Layout,
): NameService {
  const files: Record<string, string | undefined> = {
    "/etc/hosts": hosts,
    "/etc/resolv.conf": resolv,
    "/etc/nsswitch.conf": nsswitch,
  };
  return {
    hostName: () => name,
    readFile: (path) => files[path] ?? assert.fail("no such file"),
    addressesOf: (asked) => found(dns[asked]?.filter((each) => /^[\d:]/.test(each))),
    targetsOf: (asked) => found(dns[asked]?.filter((each) => each.endsWith("."))),
  };
}

function found(answer: string[] | undefined): Promise<string[]> {
  return answer?.length ? Promise.resolve(answer) : Promise.reject(new Error("not found"));
}

const SEARCH = "nameserver 192.0.2.53\nsearch x.org y.org\n";

/** A title, the host's name, its layout, and what it calls itself. */
const NAMES: [title: string, name: string, layout: Layout, expected: string][] = [
  ["its own name that is qualified", "node.example.org", {}, "node.example.org"],
  ["its own name without the dot of DNS", "node.example.org.", {}, "node.example.org"],
  [
    "the first name of the line that lists it",
    "node",
    { hosts: "127.0.0.1 localhost\n127.0.1.1 node.x.org node\n" },
    "node.x.org",
  ],
  [
    "that name without the dot of DNS",
    "node",
    { hosts: "127.0.1.1 node.x.org. node" },
    "node.x.org",
  ],
  [
    "the name in the first of two lines",
    "node",
    { hosts: "192.0.2.1 node.x.org node\n192.0.2.2 node.y.org node\n" },
    "node.x.org",
  ],
  ["its bare name where the line has no other", "node", { hosts: "127.0.1.1 node\n" }, "node"],
  [
    "its bare name where another line has a name of the same address",
    "node",
    { hosts: "10.0.0.1 mail.x.org\n10.0.0.1 node\n" },
    "node",
  ],
  [
    "the loopback's name where the line begins with it",
    "node",
    { hosts: "127.0.0.1 localhost.localdomain localhost node\n" },
    "localhost.localdomain",
  ],
  [
    "the name behind tabs, comments and lines without an address",
    "node",
    {
      hosts: "# node.a.org node\nwords node.b.org node\n10.0.0.1 a#node\n::1\tnode.x.org\tNODE # c",
    },
    "node.x.org",
  ],
  ["no name that only holds its own", "node", { hosts: "10.0.0.1 a.x.org node2\n" }, "node"],
  [
    "the canonical name of a qualified name",
    "node.x.org",
    { hosts: "127.0.1.1 mail.x.org node.x.org node\n" },
    "mail.x.org",
  ],
  [
    "a name with _ in a label",
    "my_node",
    { hosts: "127.0.1.1 my_node.x.org my_node" },
    "my_node.x.org",
  ],
  [
    "the name in the first domain that has it",
    "node",
    { resolv: SEARCH, dns: { "node.y.org": ["192.0.2.1"] } },
    "node.y.org",
  ],
  [
    "the name that has an IPv6 address alone",
    "node",
    { resolv: SEARCH, dns: { "node.x.org": ["2001:db8::1"] } },
    "node.x.org",
  ],
  [
    "the name behind an alias in DNS",
    "node",
    {
      resolv: "domain x.org.\n",
      dns: { "node.x.org": ["www.z.org.", "192.0.2.1"] },
    },
    "www.z.org",
  ],
  ["its bare name where no domain has it", "node", { resolv: SEARCH }, "node"],
  [
    "its bare name where DNS is not asked",
    "node",
    { resolv: SEARCH, nsswitch: "hosts: files\n", dns: { "node.x.org": ["192.0.2.1"] } },
    "node",
  ],
  [
    "its bare name where a service knows it by that before DNS is asked",
    "node",
    {
      resolv: SEARCH,
      nsswitch: "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] myhostname dns\n",
      dns: { "node.x.org": ["192.0.2.1"] },
    },
    "node",
  ],
  [
    "the name in DNS where that goes before the files",
    "node",
    {
      hosts: "127.0.1.1 node.files.org node\n",
      resolv: SEARCH,
      nsswitch: "hosts: dns [!UNAVAIL=return] files\n",
      dns: { "node.x.org": ["192.0.2.1"] },
    },
    "node.x.org",
  ],
  [
    "its bare name where the canonical one is none",
    "node",
    { hosts: "10.0.0.1 -a.org node\n" },
    "node",
  ],
  ["localhost where its own breaks the line", "a\r\nb.org", {}, "localhost"],
  ["localhost where its own is an address", "192.0.2.1", {}, "localhost"],
  ["localhost where its own is outside ASCII", "n\u00f6de.example.org", {}, "localhost"],
  ["localhost where it has no name", "", { hosts: "10.0.0.1 node.x.org node\n" }, "localhost"],
  ["localhost where its own has a label too long", `${"x".repeat(64)}.org`, {}, "localhost"],
  ["localhost where its own is too long", `${"x.".repeat(127)}org`, {}, "localhost"],
];

for (const [title, name, layout, expected] of NAMES) {
  Deno.test(`the host calls itself by ${title}`, async () => {
    assert.equal(await fullyQualifiedHostName(LONG_AGO, service(name, layout)), expected);
  });
}

Deno.test("a qualified name does not ask DNS", async () => {
  const system = service("a.org", { resolv: SEARCH });
  const addressesOf = () => assert.fail("the name service was asked");
  assert.equal(await fullyQualifiedHostName(LONG_AGO, { ...system, addressesOf }), "a.org");
});

Deno.test("a name service that fails leaves the bare name", async () => {
  const system = service("node", { resolv: SEARCH });
  const addressesOf = () => Promise.reject(new Error("getaddrinfo EAI_AGAIN node"));
  assert.equal(await fullyQualifiedHostName(LONG_AGO, { ...system, addressesOf }), "node");
});

Deno.test("a name service that does not answer leaves the bare name", async () => {
  const system = service("node", { resolv: SEARCH });
  const addressesOf = () => new Promise<string[]>(() => {});
  assert.equal(await fullyQualifiedHostName(1, { ...system, addressesOf }), "node");
});

Deno.test("files that cannot be read leave the bare name", async () => {
  const system = service("node", {});
  const readFile = () => {
    throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  };
  assert.equal(await fullyQualifiedHostName(LONG_AGO, { ...system, readFile }), "node");
});

Deno.test("a host that may not know its name is localhost", async () => {
  const hostName = () => {
    throw new Deno.errors.NotCapable("Requires sys access");
  };
  const system = service("", { hosts: "10.0.0.1 node.x.org node\n" });
  assert.equal(await fullyQualifiedHostName(LONG_AGO, { ...system, hostName }), "localhost");
});

Deno.test("the time that a large /etc/hosts takes grows no faster than its size", async () => {
  const line = "10.0.0.1 nodes.x.org node-1 xnode\n";
  const hosts = `${line.repeat(100_000)}127.0.1.1 node.x.org node\n`;
  assert.equal(await fullyQualifiedHostName(LONG_AGO, service("node", { hosts })), "node.x.org");
});

Deno.test("this host has a name", async () => {
  assert.match(await fullyQualifiedHostName(), /^[\w-]+(?:\.[\w-]+)*$/i);
});
