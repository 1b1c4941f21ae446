// Drives posthog-node as its users do: key and host are ours, everything else is as it comes.
import { createHash } from "node:crypto";
import { PostHog } from "posthog-node";

const task = JSON.parse(process.argv[2]);
const { person, run, account } = task;
const errors = [];
const client = new PostHog(task.key, { host: task.address, disableCompression: !task.gzip });
client.on("error", (error) => errors.push(error.message));
const groups = { company: account };

function numbered(what) {
  const hex = createHash("sha256").update(`${run}-${what}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

if (task.tells) {
  client.groupIdentify({ groupType: "company", groupKey: account, properties: { name: task.name, industry: "Retail" } });
  client.capture({
    distinctId: person, event: "$pageview", groups, uuid: numbered("page"),
    properties: { $set: { name: "Ada", email: task.email } },
  });
}
for (let n = 0; n < task.events; n++) {
  client.capture({
    distinctId: `${person}-${n % task.people}`, event: "Report Exported", properties: { rows: n }, groups, uuid: numbered(n),
  });
}
if (task.unknown) {
  client.capture({ distinctId: person, event: "Signed In", groups: { company: task.unknown }, uuid: numbered("unknown") });
}
const awake = setInterval(() => {}, 1000); // a server lives on; the client's own waiting keeps no process alive
await client.shutdown(60000);
clearInterval(awake);
process.stdout.write(JSON.stringify({ errors: [...new Set(errors)] }));
