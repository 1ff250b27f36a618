/**
 * The two documents about the parts of the executables: one for machines, one for people.
 *
 * @module
 */

import type { Component } from "./components.ts";

/** The program that consists of these parts. */
export type Product = { name: string; version: string; license: string };

/** A software bill of materials: CycloneDX 1.5, https://cyclonedx.org/docs/1.5/json. */
export function billOfMaterials(product: Product, components: readonly Component[]): unknown {
  const own = `pkg:github/nethserver/${product.name}@v${product.version}`;
  const needed = new Set(components.flatMap(({ needs }) => needs));
  const direct = components.map(({ purl }) => purl).filter((purl) => !needed.has(purl));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        "type": "application",
        "bom-ref": own,
        "name": product.name,
        "version": product.version,
        "purl": own,
        "licenses": [{ license: { id: product.license } }],
      },
    },
    components: components.map(({ purl, name, version, license, hash }) => ({
      "type": "library",
      "bom-ref": purl,
      name,
      version,
      purl,
      ...(license !== undefined && { licenses: [{ license: { id: license } }] }),
      ...(hash && { hashes: [hash] }),
    })),
    dependencies: [
      { ref: own, dependsOn: direct },
      ...components.map(({ purl, needs }) => ({ ref: purl, dependsOn: needs })),
    ],
  };
}

const RULE = "-".repeat(78);

/** The licenses of all parts, with the text of the license if the part includes it. */
export function thirdPartyLicenses(product: Product, components: readonly Component[]): string {
  const withText = components.filter(({ text }) => text !== undefined);
  const crates = components.filter(({ text }) => text === undefined);
  const parts = withText.map(({ name, version, license, text }) =>
    `${RULE}\n${name} ${version} (${license})\n${RULE}\n\n${text?.trim()}\n`
  );
  return [
    `The executables of ${product.name} ${product.version} hold the following works of others.\n`,
    ...parts,
    `${RULE}\nParts of the runtime, written in Rust\n${RULE}\n`,
    "Deno is built from these crates, and from the libraries in C that some of them bring: AWS-LC",
    "(Apache-2.0 or ISC, with parts under the licenses of OpenSSL), SQLite (in the public domain),",
    "ICU (Unicode-3.0). Each has its license beside its source, at https://crates.io/crates/NAME.",
    "",
    ...crates.map(({ name, version }) => `  ${name} ${version}`),
    "",
  ].join("\n");
}
