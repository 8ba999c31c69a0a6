// HubSpot's official Node client in a typical script, with its limiter off (it is opt-in): reads NDJSON line by line, sends 100
// changes a call, CONNECTIONS calls at a time. Checks only the HTTP status.
//   node node_client.mjs FILE BASE_URL CONNECTIONS
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import https from 'node:https';

const require = createRequire(process.cwd() + '/');
const { Client } = require('@hubspot/api-client');
const [file, basePath, connections] = process.argv.slice(2);
const client = new Client({
  accessToken: 'bench-token',
  basePath,
  httpAgent: new https.Agent({ keepAlive: true, maxSockets: Number(connections) }),
});

const path = '/communication-preferences/v4/statuses/batch/write';
let sent = 0;
async function send(inputs) {
  const response = await client.apiRequest({ method: 'POST', path, body: { inputs } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  await response.json();
  sent += inputs.length;
}

const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity })[Symbol.asyncIterator]();
async function worker() {
  for (;;) {
    const inputs = [];
    while (inputs.length < 100) {
      const { value, done } = await lines.next();
      if (done) break;
      inputs.push(JSON.parse(value));
    }
    if (inputs.length > 0) await send(inputs);
    if (inputs.length < 100) return;
  }
}
await Promise.all(Array.from({ length: Number(connections) }, worker));
console.log(sent);
