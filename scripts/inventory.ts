/**
 * Writes what the executables are made of: THIRD-PARTY, the licenses, and ns8-sendmail.cdx.json, the
 * software bill of materials (CycloneDX).
 * Usage: inventory.ts FOLDER BASE VERSION, where BASE is the file into which `deno compile` of Deno
 * VERSION puts the program
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };
import { jsrComponents, npmComponents, runtimeComponents } from "./inventory/components.ts";
import { billOfMaterials, type Product, thirdPartyLicenses } from "./inventory/documents.ts";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const [folder, base, version] = Deno.args;
if (folder === undefined || base === undefined || version === undefined) {
  console.error("Error: Usage: inventory.ts FOLDER BASE VERSION");
  Deno.exit(1);
}

const read = (name: string) => Deno.readTextFile(`${ROOT}/${name}`);
// The text of the license is the same for all; the lines above it name the authors.
const license = (await read("LICENSE")).trim();
const mit = license.slice(license.indexOf("Permission is hereby granted"));
const bsd = await read("scripts/inventory/BSD-3-Clause.txt");
const product: Product = {
  name: manifest.name.replace(/^.*\//, ""),
  version: manifest.version,
  license: manifest.license,
};
const components = [
  ...await npmComponents(ROOT),
  ...await jsrComponents(ROOT, mit),
  ...await runtimeComponents(base, version, { mit, bsd }),
];
const bill = JSON.stringify(billOfMaterials(product, components), undefined, 2);
await Deno.writeTextFile(`${folder}/ns8-sendmail.cdx.json`, `${bill}\n`);
await Deno.writeTextFile(`${folder}/THIRD-PARTY`, thirdPartyLicenses(product, components));
