/**
 * Folders of a test's own, gone when the test ends.
 *
 * @module
 */

/** A folder of a test's own. */
export type Folder = AsyncDisposable & {
  readonly path: string;
  /** The path of a name inside the folder. */
  file(name: string): string;
  /** Writes a file into the folder and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
};

/**
 * Makes an empty folder that every user may enter, since some tests run the program as another
 * user. Its disposal removes it, read-only or not.
 */
export async function temporaryFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir({ prefix: "ns8-sendmail-test-" });
  await Deno.chmod(path, 0o755);
  const file = (name: string) => `${path}/${name}`;
  return {
    path,
    file,
    async write(name, content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(file(name), bytes);
      return file(name);
    },
    async [Symbol.asyncDispose]() {
      await Deno.chmod(path, 0o755);
      await Deno.remove(path, { recursive: true });
    },
  };
}
