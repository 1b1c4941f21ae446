// Drives @openmeter/sdk as its users do: key and host are ours, everything else is as it comes.
import { OpenMeter } from "@openmeter/sdk";

const BATCH = 100;
const task = JSON.parse(process.argv[2]);
const errors = [];
const client = new OpenMeter({ baseUrl: task.address, apiKey: task.key });

function event(n, subject) {
  return { id: `${task.run}-${n}`, source: "my-app", type: task.meter, subject, data: { path: "/x" } };
}

const events = Array.from({ length: task.events }, (_, n) => event(n, task.account));
if (task.unknown) events.push(event("unknown", task.unknown));
try {
  await client.events.ingest(events[0]);
  for (let n = 1; n < events.length; n += BATCH) await client.events.ingest(events.slice(n, n + BATCH));
} catch (error) {
  errors.push(`${error.status ?? ""} ${error.message}`);
}
process.stdout.write(JSON.stringify({ errors }));
