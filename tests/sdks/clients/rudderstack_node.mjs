// Drives @rudderstack/rudder-sdk-node as its users do: key and host are ours, everything else is as it comes.
import Analytics from "@rudderstack/rudder-sdk-node";

const task = JSON.parse(process.argv[2]);
const { person, run, account } = task;
const errors = [];
const client = new Analytics(task.key, { dataPlaneUrl: task.address, gzip: task.gzip, logLevel: "none", errorHandler: (error) => errors.push(error.message) });
const sent = [];
const done = (call, message) => sent.push(new Promise((resolve) => client[call](message, resolve)));

if (task.tells) {
  done("group", { userId: person, groupId: account, traits: { name: task.name, industry: "Retail" }, messageId: `${run}-group` });
  done("identify", { userId: person, traits: { name: "Ada", email: task.email }, messageId: `${run}-identify` });
  done("page", { userId: person, name: "Home", messageId: `${run}-page` });
}
for (let n = 0; n < task.events; n++) {
  done("track", {
    userId: `${person}-${n % task.people}`, event: "Report Exported", properties: { rows: n },
    context: { groupId: account }, messageId: `${run}-${n}`,
  });
}
if (task.unknown) {
  done("track", { userId: person, event: "Signed In", context: { groupId: task.unknown }, messageId: `${run}-unknown` });
}
while (client.queue.length > 0) await client.flush().catch(() => {});
await Promise.all(sent);
process.stdout.write(JSON.stringify({ errors: [...new Set(errors)] }));
