// pg-boss. Its workers pause between two batches; its documentation offers fetch() and complete() for loops of one's own, and
// these are what drains fastest. Where a single job should start at once, a worker is told so (notifyWorker), in this process.
// It keeps a job that is done, and archives it later.
import PgBoss from "pg-boss";
import pg from "pg";
import { Latencies, now, payload, serve, url } from "./peer.mjs";

const queue = "publish";
const chunk = 5_000;
const batchSize = 1_000;
const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false });
boss.on("error", (error) => console.error(error.message));
const pool = new pg.Pool({ connectionString: url, max: 1 });
pool.on("error", (error) => console.error(error.message));
const latencies = new Latencies();

async function drainAll(publish) {
  for (let done = 0; ; ) {
    const jobs = await boss.fetch(queue, { batchSize, priority: false });
    if (jobs.length === 0) return done;
    await Promise.all(jobs.map(publish));
    await boss.complete(queue, jobs.map((job) => job.id));
    done += jobs.length;
  }
}

await serve({
  async open() {
    await boss.start();
    await boss.createQueue(queue);
  },

  async prepare({ rows }) {
    await pool.query("TRUNCATE pgboss.job");
    const data = JSON.parse(payload);
    for (let left = rows; left > 0; left -= chunk) {
      await boss.insert(Array.from({ length: Math.min(left, chunk) }, () => ({ name: queue, data })));
    }
    await pool.query("VACUUM (ANALYZE) pgboss.job");
  },

  async drain({ rows, workers = 1 }) {
    const start = now();
    await Promise.all(Array.from({ length: workers }, () => drainAll(async () => {})));
    const seconds = now() - start;
    const completed = await pool.query("SELECT count(*)::int AS count FROM pgboss.job WHERE state = 'completed'");
    if (completed.rows[0].count !== rows) throw new Error(`${completed.rows[0].count} of ${rows} jobs are completed`);
    return { seconds };
  },

  async latency({ rows, rate }) {
    await pool.query("TRUNCATE pgboss.job");
    const body = JSON.parse(payload);
    const worker = await boss.work(queue, { pollingIntervalSeconds: 0.5 }, async ([job]) => latencies.handled(job.data.id));
    const milliseconds = await latencies.measure(rows, rate, async (id) => {
      await boss.send(queue, { ...body, id });
      return () => boss.notifyWorker(worker);
    });
    await boss.offWork(queue);
    return { milliseconds };
  },
});
