// The SQS emulator on loopback, quiet. Queue URLs name 127.0.0.1, so that every SDK can post to them as they are.
// It ends when its standard input does: nobody is left then who would stop it.
import { buildApp } from "fauxqs";
import { SqsStore } from "./node_modules/fauxqs/dist/sqs/sqsStore.js";

const sqsStore = new SqsStore();
sqsStore.host = "";
const app = buildApp({ logger: false, stores: { sqsStore } });
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
