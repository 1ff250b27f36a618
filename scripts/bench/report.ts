/**
 * The benchmark's figures as tables, and what they say of the project's targets.
 *
 * @module
 */

import { LARGE, LARGE_CASES, TO_SINK } from "./cases.ts";

/**
 * What one program took for one case: medians in milliseconds and megabytes, the least time, and the
 * median of its time over the floor's, round by round.
 */
export type Figures = { median: number; ratio: number; least: number; cpu: number; peak: number };

/** The figures by case and program. */
export type Results = Map<string, Map<string, Figures>>;

/** What is measured against the floor. */
export const HELLO = "hello";
export const HANDSHAKE = "handshake";
export const OURS = "ns8-sendmail";

/** Ours with one recipient, in the rounds in which it has many; it has no column. */
export const ONE_RECIPIENT = "one recipient";

/** Times as multiples of the floor's, and the peaks of memory in MB, as two Markdown tables. */
export function tables(results: Results): string {
  const names = [...results.values()].flatMap((figures) => [...figures.keys()]);
  const programs = [...new Set(names)].filter((name) => name !== ONE_RECIPIENT);
  const times = table(
    "Time, in units of hello's",
    programs,
    results,
    ({ ratio }) => ratio.toFixed(2),
  );
  const memory = table("Peak memory, in MB", programs, results, ({ peak }) => peak.toFixed(0));
  return `${times}\n\n${memory}`;
}

function table(
  title: string,
  programs: string[],
  results: Results,
  cell: (figures: Figures, hello: Figures) => string,
): string {
  const rows = [...results].map(([name, figures]) => {
    const hello = figures.get(HELLO);
    return [
      name,
      ...programs.map((program) => {
        const own = figures.get(program);
        return own === undefined || hello === undefined ? "–" : cell(own, hello);
      }),
    ];
  });
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(["---", ...programs.map(() => "---:")]);
  return [line([title, ...programs]), rule, ...rows.map(line)].join("\n");
}

/** A target: a figure and its upper limit. */
type Target = { what: string; limit: number; value: number | undefined };

/** One line for each target: whether it is reached, and by how much. */
export function verdicts(results: Results, sizes: { executable: number; hello: number }): string {
  const targets = [...startTargets(results), ...loadTargets(results), {
    what: "the executable over hello's, MB",
    limit: 0.6,
    value: (sizes.executable - sizes.hello) / 1e6,
  }];
  return targets.filter((target) => target.value !== undefined).map(verdict).join("\n");
}

function verdict({ what, limit, value = NaN }: Target): string {
  return `${value <= limit ? "reached" : "MISSED "}  ${what}: ${
    value.toFixed(2)
  } (at most ${limit})`;
}

function startTargets(results: Results): Target[] {
  return [
    {
      what: "one line, none: time over hello's",
      limit: 1.3,
      value: ratio(results, "one line, none", "ratio", HELLO),
    },
    {
      what: "one line, starttls: time over hello's",
      limit: 2,
      value: ratio(results, "one line, starttls", "ratio", HELLO),
    },
    {
      what: "one line, tls: time over that of a hello with a handshake",
      limit: 1.15,
      value: ratio(results, "one line, tls", "ratio", HANDSHAKE),
    },
    {
      what: "one line: memory over hello's",
      limit: 1.1,
      value: ratio(results, "one line, none", "peak", HELLO),
    },
  ];
}

function loadTargets(results: Results): Target[] {
  const overMsmtp = (test: string, limit: number): Target => ({
    what: `${test}: time over msmtp's`,
    limit,
    value: ratio(results, test, "median", "msmtp"),
  });
  const many = results.get("1000 recipients")?.get(OURS);
  const one = results.get("1000 recipients")?.get(ONE_RECIPIENT);
  return [
    {
      what: "1000 recipients: milliseconds over one",
      limit: 20,
      value: one && many && many.median - one.median,
    },
    overMsmtp(`1 MB of text${TO_SINK}`, 0.8),
    ...Object.values(LARGE_CASES).flatMap((test) => [
      overMsmtp(`${test}${TO_SINK}`, 0.35),
      overMsmtp(test, 0.18),
      {
        what: `${test}: memory over hello's, in messages`,
        limit: 1.3,
        value: memoryInMessages(results, test),
      },
    ]),
  ];
}

function memoryInMessages(results: Results, test: string): number | undefined {
  const [peak, hello] = [OURS, HELLO].map((name) => results.get(test)?.get(name)?.peak);
  return peak && hello && (peak - hello) / (LARGE / 1e6);
}

/** A figure of ours in units of another program's. */
function ratio(
  results: Results,
  test: string,
  figure: keyof Figures,
  other: string,
): number | undefined {
  const figures = results.get(test);
  const [ours, others] = [figures?.get(OURS), figures?.get(other)];
  return ours && others && ours[figure] / others[figure];
}
