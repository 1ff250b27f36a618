/** The effect of each variable that the program and its runtime read; each of them was tried. */

const DISPLAY = "the colours of the runtime's own errors";
const STUCK = "a wrong number ends the process with 101";

/** The effect of each variable, as SECURITY.md has it. */
export const EFFECTS: Readonly<Record<string, string>> = {
  CI: DISPLAY,
  CLICOLOR: DISPLAY,
  CLICOLOR_FORCE: DISPLAY,
  COLORTERM: DISPLAY,
  DENO_CACHE_LSC_ENDPOINT: "none: the program uses no cache of the web's",
  DENO_CERT: "none: the program takes it away before the runtime looks",
  DENO_LOG:
    "`debug` and `trace` print what the runtime does, a wrong value two warnings; no secret",
  DENO_LOG_STYLE: DISPLAY,
  DENO_TLS_CA_STORE: "none: the program sets it",
  DENO_TOKIO_EVENT_INTERVAL: "`0` never ends, and takes a whole processor",
  DENO_TOKIO_GLOBAL_QUEUE_INTERVAL: STUCK,
  DENO_TOKIO_MAX_IO_EVENTS_PER_TICK: STUCK,
  DENO_TOKIO_METRICS: "prints what the runtime has done, on standard error",
  DENO_TRACE_PERMISSIONS: "none",
  DENO_UNSTABLE_CRON_SOCK: "connects to that socket; nothing is sent there, nothing taken from it",
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
  OPENSSL_ia32cap: "which instructions of the processor encrypt",
  REDIS_ADDRESS: "where the leader's Redis is",
  REDIS_REPLICA_ADDRESS: "where the host's own Redis is",
  RUST_BACKTRACE: "adds a stack to the runtime's own errors",
  RUST_MIN_STACK: "a size that cannot be had ends the process with 134",
  SIMDUTF_FORCE_IMPLEMENTATION: "an unknown name ends the process with 1",
  SSLKEYLOGFILE: "**appends the secrets of TLS connections to that file**; see below",
  SSL_CERT_DIR: "the certificate authorities that stand in for the host's store",
  SSL_CERT_FILE: "the certificate authorities that stand in for the host's store",
  TERM: DISPLAY,
  TMPDIR:
    "empty, relative or with `..` in it ends the process with 1; nothing is read or written there",
  TMUX: DISPLAY,
  TZ: "none on any date; the file that it may name is opened, and a pipe there is waited for",
};
