// Drives lago-javascript-client as its users do: key and host are ours, everything else is as it comes.
import { Client, getLagoError } from "lago-javascript-client";

const BATCH = 100; // Lago's own limit
const task = JSON.parse(process.argv[2]);
const errors = [];
const client = Client(task.key, { baseUrl: `${task.address}/api/v1`, rateLimitRetry: {} });

function event(n, account) {
  return { transaction_id: `${task.run}-${n}`, external_subscription_id: account, code: task.meter, properties: { path: "/x" } };
}

const events = Array.from({ length: task.events }, (_, n) => event(n, task.account));
if (task.unknown) events.push(event("unknown", task.unknown));
try {
  const told = await client.events.createEvent({ event: events[0] });
  if (told.data.event.transaction_id !== events[0].transaction_id) errors.push("another event came back");
  for (let n = 1; n < events.length; n += BATCH) await client.events.createBatchEvents({ events: events.slice(n, n + BATCH) });
} catch (error) {
  errors.push(JSON.stringify(await getLagoError(error)));
}
process.stdout.write(JSON.stringify({ errors }));
