// The least that an endpoint of deduplicated events can do, in Node: what ours is held against.
// node server.mjs PORT DATABASE_URL
import http from "node:http";
import postgres from "postgres";

const [port, url] = process.argv.slice(2);
const sql = postgres(url, { max: 8, onnotice: () => {} });
const insert = (events) => sql`
  INSERT INTO twin_event (source, event_id, account, meter, quantity, happened_at, person)
  SELECT 'api', id, account, meter, quantity, at, "user" FROM json_to_recordset(${sql.json(events)}::json)
    AS r (id text, account text, meter text, quantity float8, at timestamptz, "user" text)
  ON CONFLICT (source, event_id) DO NOTHING`;

http
  .createServer((request, answer) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
      try {
        const events = JSON.parse(Buffer.concat(parts)).events;
        if (!events.every((e) => typeof e.id === "string" && typeof e.quantity === "number")) throw new Error("bad event");
        const done = await insert(events);
        const body = JSON.stringify({ accepted: done.count, duplicates: events.length - done.count });
        answer.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }).end(body);
      } catch (error) {
        answer.writeHead(500).end(String(error));
      }
    });
  })
  .listen(Number(port), "127.0.0.1");
