// Drives npm's cloudevents with its own HTTP transport: binary and structured, one request an event.
import { CloudEvent, Mode, emitterFor, httpTransport } from "cloudevents";

const task = JSON.parse(process.argv[2]);
const errors = [];
const emitters = [Mode.BINARY, Mode.STRUCTURED].map((mode) => emitterFor(httpTransport(`${task.address}/cloudevents`), { mode }));

function event(n, account, user) {
  return new CloudEvent({ id: `${task.run}-${n}`, source: "/my-app", type: task.meter, subject: account, user, data: { path: "/x" } });
}

async function emit(n, each) {
  const answer = await emitters[n % 2](each, { headers: { Authorization: `Bearer ${task.key}` } });
  if (answer.body) errors.push(JSON.parse(answer.body).detail); // the transport tells no status
}

for (let n = 0; n < task.events; n++) await emit(n, event(n, task.account, `${task.person}-${n % task.people}`));
if (task.unknown) await emit(0, event("unknown", task.unknown, task.person));
process.stdout.write(JSON.stringify({ errors: [...new Set(errors)] }));
