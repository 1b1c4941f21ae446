// Drives @jitsu/js as its users do on a server: key and host are ours, everything else is as it comes.
import { jitsuAnalytics } from "@jitsu/js";

const task = JSON.parse(process.argv[2]);
const { person, account } = task;
const errors = [];
const client = jitsuAnalytics({
  host: task.address, s2s: true,
  writeKey: `perennial:${task.key}`, // it insists on an id, a colon and a secret
  errorPolicy: (message) => errors.push(message),
});

if (task.tells) {
  await client.identify(person, { name: "Ada", email: task.email }, { groupId: account });
  await client.group(account, { name: task.name, industry: "Retail" }, { userId: person });
  await client.page("Home", {}, { userId: person, groupId: account });
}
for (let n = 0; n < task.events; n++) {
  const who = { userId: `${person}-${n % task.people}`, groupId: account };
  await client.track("Report Exported", { rows: n }, who);
}
if (task.unknown) {
  await client.track("Signed In", {}, { userId: person, groupId: task.unknown });
}
process.stdout.write(JSON.stringify({ errors: [...new Set(errors)] }));
