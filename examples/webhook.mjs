// Receives the messages of webhooks: SECRET=whsec_… node examples/webhook.mjs [8090]
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.SECRET.replace('whsec_', ''), 'base64');
const seen = new Set();

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (!isSigned(request.headers, body)) return response.writeHead(400).end();

  // A message may come more than once; its id stays the same. A program that is restarted keeps them in its database.
  if (!seen.has(request.headers['webhook-id'])) {
    const { type, data } = JSON.parse(body);
    console.log(`${type} ${data.batch_id}: ${data.failed_requests} of ${data.total_requests} failed`);
    seen.add(request.headers['webhook-id']);
  }
  response.writeHead(204).end();
}).listen(Number(process.argv[2] ?? 8090), () => console.log('listening'));

/** Whether a message is from the gateway, and not older than five minutes. */
function isSigned({ 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures }, body) {
  if (!(Math.abs(Date.now() / 1000 - time) < 300)) return false;
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest('base64')}`);
  return String(signatures).split(' ').map((text) => Buffer.from(text))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}
