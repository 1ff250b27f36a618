/** The effect of each variable that the program and its runtime read; each of them was tried. */

const DISPLAY = "the colours of the runtime's own errors";
const STUCK = "a wrong number ends the process with 101";

/** The effect of each variable, as SECURITY.md has it. */
export const EFFECTS: Readonly<Record<string, string>> = {
  CI: DISPLAY,
  CLICOLOR: DISPLAY,
  CLICOLOR_FORCE: DISPLAY,
  COLORTERM: DISPLAY,
  DENO_CACHE_LSC_ENDPOINT: "none: the program does not use the web cache",
  DENO_CERT: "none: the program removes it before the runtime reads it",
  DENO_LOG:
    "`debug` and `trace` print what the runtime does, a wrong value two warnings; no secret",
  DENO_LOG_STYLE: DISPLAY,
  DENO_TLS_CA_STORE: "none: the program sets it",
  DENO_TOKIO_EVENT_INTERVAL: "with `0` the process never ends and uses a whole processor",
  DENO_TOKIO_GLOBAL_QUEUE_INTERVAL: STUCK,
  DENO_TOKIO_MAX_IO_EVENTS_PER_TICK: STUCK,
  DENO_TOKIO_METRICS: "prints statistics of the runtime on standard error",
  DENO_TRACE_PERMISSIONS: "none",
  DENO_UNSTABLE_CRON_SOCK: "connects to that socket, but sends and reads nothing",
  DENO_USE_CGROUPS: "none",
  DENO_USR2_MEMORY_TRIM: "none",
  FORCE_COLOR: DISPLAY,
  ICU_DATA: "none: the data is in the executable",
  ICU_TIMEZONE_FILES_DIR: "none",
  LANG: "none",
  LC_ALL: "none",
  LC_MESSAGES: "none",
  NODE_DEBUG: "none: what it would print is silenced",
  NODE_EXTRA_CA_CERTS: "none",
  NODE_OPTIONS: "none",
  NO_COLOR: DISPLAY,
  OPENSSL_ia32cap: "selects the processor's instructions for encryption",
  REDIS_ADDRESS: "where the leader's Redis is",
  REDIS_REPLICA_ADDRESS: "where the host's own Redis is",
  RUST_BACKTRACE: "adds a stack to the runtime's own errors",
  RUST_MIN_STACK: "a size that is too large ends the process with 134",
  SIMDUTF_FORCE_IMPLEMENTATION: "an unknown name ends the process with 1",
  SSLKEYLOGFILE: "**appends the secrets of TLS connections to that file**; see below",
  SSL_CERT_DIR: "the certificate authorities that replace the host's store",
  SSL_CERT_FILE: "the certificate authorities that replace the host's store",
  TERM: DISPLAY,
  TMPDIR:
    "empty, relative or with `..` in it ends the process with 1; nothing is read or written there",
  TMUX: DISPLAY,
  TZ: "none on dates; a file that it names is opened, and a pipe there blocks the program",
};
