// Drives @segment/analytics-node as its users do: key and host are ours, everything else is as it comes.
import { Analytics } from "@segment/analytics-node";

const task = JSON.parse(process.argv[2]);
const { person, run, account } = task;
const errors = [];
const client = new Analytics({ writeKey: task.key, host: task.address });
client.on("error", (error) => errors.push(String(error.reason?.message ?? error.code)));

if (task.tells) {
  client.group({ userId: person, groupId: account, traits: { name: task.name, industry: "Retail" }, messageId: `${run}-group` });
  client.identify({ userId: person, traits: { name: "Ada", email: task.email }, messageId: `${run}-identify` });
  client.page({ userId: person, name: "Home", messageId: `${run}-page` });
}
for (let n = 0; n < task.events; n++) {
  client.track({
    userId: `${person}-${n % task.people}`, event: "Report Exported", properties: { rows: n },
    context: { groupId: account }, messageId: `${run}-${n}`,
  });
}
if (task.unknown) {
  client.track({ userId: person, event: "Signed In", context: { groupId: task.unknown }, messageId: `${run}-unknown` });
}
await client.closeAndFlush({ timeout: 60000 });
process.stdout.write(JSON.stringify({ errors: [...new Set(errors)] }));
