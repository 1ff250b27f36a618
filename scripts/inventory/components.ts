/**
 * The parts of the executables: the libraries as deno.lock lists them, and the parts of the runtime
 * as its own file names them.
 *
 * @module
 */

/** One part of the executables. */
export type Component = {
  /** The package URL, which names it: https://github.com/package-url/purl-spec. */
  purl: string;
  name: string;
  version: string;
  /** An SPDX expression; missing if only the source names the license. */
  license?: string;
  /** The checksum of what was downloaded: the algorithm as CycloneDX names it, and the octets in hex. */
  hash?: { alg: "SHA-256" | "SHA-512"; content: string };
  /** The text of the license, with its copyright lines. */
  text?: string;
  /** The parts that it needs, by their package URLs. */
  needs: string[];
};

type LockedPackage = { integrity?: string; dependencies?: string[] };
type Lock = { npm: Record<string, LockedPackage>; jsr: Record<string, { integrity: string }> };
type Manifest = { name: string; version: string; license?: string };

/** The libraries that main.ts and scripts/listen.ts import; those of the tests are not included. */
const IMPORTED = ["ioredis", "nodemailer"];
/** Packages that the bundle replaces, see scripts/bundle/links. */
const REPLACED = ["debug"];

/** Gives the key of a package in the lock, its name and version; throws unless there is one. */
function keyOf(lock: Lock, name: string): string {
  const keys = Object.keys(lock.npm).filter((key) => key.slice(0, key.lastIndexOf("@")) === name);
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw new Error(`deno.lock does not have exactly one ${name}`);
  }
  return key;
}

const purlOf = (key: string) => `pkg:npm/${key.replace(/^@/, "%40")}`;

/** Gives the npm packages in the executables. */
export async function npmComponents(root: string): Promise<Component[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(`${root}/deno.lock`));
  const found = new Map<string, Component>();
  const waiting = [...IMPORTED];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const key = keyOf(lock, name);
    if (found.has(key) || REPLACED.includes(name)) continue;
    const { integrity = "", dependencies = [] } = lock.npm[key] ?? {};
    const folder = `${root}/node_modules/.deno/${key.replaceAll("/", "+")}/node_modules/${name}`;
    const manifest: Manifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
    if (manifest.license === undefined) throw new Error(`${name} does not say its license`);
    waiting.push(...dependencies);
    found.set(key, {
      purl: purlOf(key),
      name,
      version: manifest.version,
      license: manifest.license,
      hash: { alg: "SHA-512", content: Uint8Array.fromBase64(integrity.slice(7)).toHex() },
      text: await Deno.readTextFile(`${folder}/LICENSE`),
      needs: dependencies.filter((other) => !REPLACED.includes(other))
        .map((other) => purlOf(keyOf(lock, other))),
    });
  }
  return [...found.values()].toSorted((a, b) => a.purl < b.purl ? -1 : 1);
}

/** Gives the modules of JSR in the executables; `license` is the text of the MIT license. */
export async function jsrComponents(root: string, license: string): Promise<Component[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(`${root}/deno.lock`));
  return Object.entries(lock.jsr).map(([key, { integrity }]) => {
    const [, name = "", version = ""] = /^(@[^@]+)@(.+)$/.exec(key) ?? [];
    const hash = { alg: "SHA-256", content: integrity } as const;
    const text = `Copyright 2018-2025 the Deno authors\n\n${license}`;
    const purl = `pkg:generic/jsr/${name.replace(/^@/, "%40")}@${version}`;
    return { purl, name, version, license: "MIT", hash, text, needs: [] };
  });
}

/** The folder of a crate, which Rust writes into a program for error messages. */
const CRATE = /index\.crates\.io-[0-9a-f]+\/([A-Za-z0-9_-]+)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)\//g;

/**
 * Gives Deno, V8 and the Rust crates whose paths are in the base of the executables. A crate that
 * cannot panic leaves no path.
 */
export async function runtimeComponents(
  base: string,
  version: string,
  texts: { mit: string; bsd: string },
): Promise<Component[]> {
  const program = new TextDecoder("latin1").decode(await Deno.readFile(base));
  const [, v8 = ""] = /(\d+\.\d+\.\d+\.\d+)-rusty/.exec(program) ?? [];
  const keys = new Set([...program.matchAll(CRATE)].map(([, name, number]) => `${name}@${number}`));
  const crates = [...keys].toSorted().map((key): Component => {
    const [name = "", number = ""] = key.split("@");
    return {
      purl: `pkg:cargo/${encodeURIComponent(name)}@${number}`,
      name,
      version: number,
      needs: [],
    };
  });
  const engine: Component = {
    purl: `pkg:generic/v8@${v8}`,
    name: "v8",
    version: v8,
    license: "BSD-3-Clause",
    text: `Copyright 2014, the V8 project authors. All rights reserved.\n\n${texts.bsd}`,
    needs: [],
  };
  const deno: Component = {
    purl: `pkg:github/denoland/deno@v${version}`,
    name: "deno",
    version,
    license: "MIT",
    text: `Copyright 2018-2026 the Deno authors\n\n${texts.mit}`,
    needs: [engine, ...crates].map(({ purl }) => purl),
  };
  return [deno, engine, ...crates];
}
