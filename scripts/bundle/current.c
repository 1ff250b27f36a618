/*
 * Stands in for the executable in tests: runs the program that is in it under `deno run` of the
 * current Deno, with the executable's V8 flags and permissions. It becomes that process, so that
 * number, name, signals, open files and limits are those that the caller meant for the executable.
 * current.sh compiles it and defines DENO, DENO_VERSION, BUNDLE, CACHE, FLAGS and PERMISSIONS.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *const OPTIONS[] = {
    "run",       "--quiet",     "--no-config", "--no-lock",     "--no-check",
    "--no-npm",  "--no-remote", "--no-prompt", "--no-code-cache", "--unstable-raw-imports",
    "--v8-flags=" FLAGS, PERMISSIONS, BUNDLE "/ns8-sendmail.mjs",
};
static const int COUNT = sizeof OPTIONS / sizeof OPTIONS[0];

/* As every Deno has its version in it. */
const char VERSION[] = "Deno/" DENO_VERSION;

int main(int argc, char **argv) {
  char **args = calloc(argc + COUNT + 1, sizeof *args);
  if (args == NULL) return 127;
  args[0] = argv[0];
  memcpy(args + 1, OPTIONS, sizeof OPTIONS);
  for (int i = 1; i < argc; i++) args[COUNT + i] = argv[i];
  /* The executable has this from its own list of variables, where the caller has set none. */
  setenv("DENO_TLS_CA_STORE", "system", 0);
  /* What `deno run` alone wants to know. */
  setenv("DENO_DIR", CACHE, 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  setenv("DENO_NO_PACKAGE_JSON", "1", 1);
  execv(DENO, args);
  perror(DENO);
  return 127;
}
