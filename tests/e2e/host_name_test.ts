/** The contract's chapter "The connection": the host's name is what `hostname -f` says. */

import assert from "node:assert/strict";
import { temporaryFolder } from "../support/hosts/folder.ts";
import { sandbox } from "../support/hosts/sandbox.ts";
import { run } from "../support/program/command.ts";
import { sideBySide } from "../support/program/parallel.ts";
import { sendmail } from "../support/program/program.ts";
import { startPython } from "../support/program/python.ts";

/** How a host is set up: its name, and its files of /etc. */
type Layout = { name: string; hosts: string; resolv?: string; nsswitch?: string };

const LOCAL = "127.0.0.1 localhost\n";
const SEARCH = "nameserver 127.0.0.67\noptions timeout:1 attempts:1\nsearch empty.test zone.test\n";
const DNS = "hosts: files dns\n";

/** What the name server at 127.0.0.67 knows. */
const ZONE = {
  "node1.zone.test": ["A 192.0.2.1"],
  "node6.zone.test": ["AAAA 2001:db8::1"],
  "alias.zone.test": ["CNAME real.zone.test"],
  "real.zone.test": ["A 192.0.2.2"],
  "under_score.zone.test": ["A 192.0.2.3"],
};

const LAYOUTS: [what: string, layout: Layout][] = [
  ["as NS8 makes it", { name: "node1", hosts: `${LOCAL}127.0.1.1 node1.example.test node1\n` }],
  ["a full name of its own", {
    name: "node1.example.test",
    hosts: `${LOCAL}127.0.1.1 node1.example.test node1\n`,
  }],
  ["a full name behind another one", {
    name: "node1.example.test",
    hosts: `${LOCAL}192.0.2.1 mail.example.test node1.example.test node1\n`,
  }],
  ["an address that is localhost's too", {
    name: "node1",
    hosts: `${LOCAL}127.0.0.1 node1.example.test node1\n`,
  }],
  ["another name of the address before it", {
    name: "node1",
    hosts: "10.5.4.1 cluster-leader cluster-localnode\n10.5.4.1 node1.example.test node1\n",
  }],
  ["the name of another host before it", {
    name: "node1",
    hosts: "10.5.4.1 mail.example.test\n10.5.4.1 node1.example.test node1\n",
  }],
  ["the default of Red Hat", {
    name: "node1",
    hosts: "127.0.0.1 localhost localhost.localdomain node1\n::1 localhost6 node1\n",
  }],
  ["localhost.localdomain first", {
    name: "node1",
    hosts: "127.0.0.1 localhost.localdomain localhost node1\n",
  }],
  ["a bare name alone", { name: "node1", hosts: `${LOCAL}127.0.1.1 node1\n` }],
  ["the bare name before the full one", {
    name: "node1",
    hosts: `${LOCAL}127.0.1.1 node1 node1.example.test\n`,
  }],
  ["two addresses with two full names", {
    name: "node1",
    hosts: "192.0.2.1 node1.first.test node1\n192.0.2.2 node1.second.test node1\n",
  }],
  ["IPv6 before IPv4", {
    name: "node1",
    hosts: "2001:db8::1 node1.six.test node1\n192.0.2.2 node1.four.test node1\n",
  }],
  ["tabs, comments and capitals", {
    name: "node1",
    hosts: "# node1.no.test node1\n\t192.0.2.1\tNode1.Example.Test\tNODE1 # node1.no.test\n",
  }],
  ["a label with _", {
    name: "my_node",
    hosts: `${LOCAL}127.0.1.1 my_node.example.test my_node\n`,
  }],
  ["a line without an address", {
    name: "node1",
    hosts: "nonsense node1.no.test node1\n192.0.2.1 node1.example.test node1\n",
  }],
  ["a service that knows the host by its bare name", {
    name: "node1",
    hosts: LOCAL,
    nsswitch: "hosts: files myhostname\n",
  }],
];

const IN_DNS: [what: string, layout: Layout][] = [
  ["a domain of the search list", { name: "node1", hosts: LOCAL, resolv: SEARCH }],
  ["an IPv6 address alone", { name: "node6", hosts: LOCAL, resolv: SEARCH }],
  ["an alias", { name: "alias", hosts: LOCAL, resolv: SEARCH }],
  ["a label with _ in DNS", { name: "under_score", hosts: LOCAL, resolv: SEARCH }],
  ["the domain of resolv.conf", {
    name: "node1",
    hosts: LOCAL,
    resolv: "nameserver 127.0.0.67\ndomain zone.test\n",
  }],
  ["files before DNS", {
    name: "node1",
    hosts: `${LOCAL}127.0.1.1 node1.files.test node1\n`,
    resolv: SEARCH,
  }],
  ["DNS before files", {
    name: "node1",
    hosts: `${LOCAL}127.0.1.1 node1.files.test node1\n`,
    resolv: SEARCH,
    nsswitch: "hosts: dns files\n",
  }],
];

/** What `hostname -f` says of this host, or its bare name where that fails; and what we say. */
async function names({ name, hosts, resolv = "", nsswitch = DNS }: Layout): Promise<string[]> {
  await using folder = await temporaryFolder();
  const replaced = {
    "/etc/hosts": await folder.write("hosts", hosts),
    "/etc/resolv.conf": await folder.write("resolv.conf", resolv),
    "/etc/nsswitch.conf": await folder.write("nsswitch.conf", nsswitch),
  };
  const under = sandbox({ hostName: name, replaced });
  const system = await run([...under, "/usr/bin/hostname", "-f"]);
  const expected = system.status === 0 ? system.stdout.trim() : name;
  const sent = await sendmail(["--dry-run", "root"], { under, stdin: "Hello\n" });
  assert.equal(sent.status, 0, sent.stderr);
  const [, own = ""] = /^From: no-reply@(\S+)\r?$/m.exec(sent.stdout) ?? [];
  const [, recipient = ""] = /^To: root@(\S+)\r?$/m.exec(sent.stdout) ?? [];
  assert.equal(own, recipient);
  return [own, expected];
}

Deno.test("the host is called what hostname -f calls it", async (test) => {
  const rows = LAYOUTS.map(([name, layout]) => ({ name, layout }));
  await sideBySide(test, rows, async ({ layout }) => {
    const [own, expected] = await names(layout);
    assert.equal(own, expected);
  });
});

// Port 53, where the C library looks for it, is for root.
Deno.test({
  name: "the host is called what hostname -f calls it, where DNS knows it",
  ignore: Deno.uid() !== 0,
  async fn(test) {
    await using server = await startPython("servers/name_server.py", [JSON.stringify(ZONE)]);
    assert.equal(server.greeting, "ready");
    const rows = IN_DNS.map(([name, layout]) => ({ name, layout }));
    await sideBySide(test, rows, async ({ layout }) => {
      const [own, expected] = await names(layout);
      assert.equal(own, expected);
      assert.match(expected ?? "", /\./);
    });
  },
});
