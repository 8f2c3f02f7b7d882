// What the drivers of all peers share: orders come as lines of JSON on the standard input, answers go out the same way.
// The process stays between rounds, so that no round pays for starting it.
import { createInterface } from "node:readline";
import { performance } from "node:perf_hooks";

/** Where the database is, and the payload of every row: JSON of 1 KiB, the same for all arms. */
export const [url, payload] = process.argv.slice(2);

// The first rows open connections, and count for nothing.
const warmUp = 20;

/** Seconds on a clock that does not jump. */
export const now = () => performance.now() / 1000;

/** The times from the commit of each row to the moment its handler starts. Both happen in this process, on one clock. */
export class Latencies {
  #committed = new Map();
  #handled = new Map();
  #missing = 0;
  #done;

  /** To be called as the first thing in the handler. */
  handled(id) {
    if (this.#handled.has(id)) return;
    this.#handled.set(id, now());
    if (--this.#missing === 0) this.#done?.();
  }

  /** Commits so many rows at so many a second, each with commit(id), and returns milliseconds, one per row. */
  async measure(rows, rate, commit) {
    this.#committed.clear();
    this.#handled.clear();
    this.#missing = rows + warmUp;
    const all = new Promise((resolve) => (this.#done = resolve));
    const start = now();
    for (let i = 0; i < rows + warmUp; i++) {
      const wait = start + i / rate - now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      const id = `${i}`;
      const after = await commit(id);
      this.#committed.set(id, now());
      after?.();
    }
    await within(60, all);
    return [...this.#committed].slice(warmUp).map(([id, at]) => (this.#handled.get(id) - at) * 1000);
  }
}

/** A count that somebody waits for. */
export class Countdown {
  #left = 0;
  #done;

  start(count) {
    this.#left = count;
    return new Promise((resolve) => (this.#done = resolve));
  }

  take(count = 1) {
    this.#left -= count;
    if (this.#left === 0) this.#done?.();
  }
}

/** Fails where something takes longer than it possibly should. */
export async function within(seconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${seconds} seconds`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Answers orders until the input ends: prepare {rows}, drain {rows} -> {seconds}, latency {rows, rate} -> {milliseconds}. */
export async function serve(driver) {
  await driver.open();
  answer({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    try {
      answer({ ...(await driver[order.do](order)) });
    } catch (error) {
      answer({ error: error?.stack ?? String(error) });
    }
  }
  process.exit(0);
}

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
