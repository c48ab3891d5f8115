// Messages of webhooks before the verifier of the Standard Webhooks project, and before other receivers:
// node webhooks.mjs URL PORT, or node webhooks.mjs URL PORT PROGRAM ARGUMENT … for a receiver that takes a secret and a port.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { credential, run, until } from './story.mjs';

const [address, port, program, ...script] = process.argv.slice(2);
const authorization = credential('webhooks');
const receiver = `http://127.0.0.1:${port}/hook?a=1`;

async function call(method, path, body) {
  const response = await fetch(`${address}/api/v0/batch${path}`, {
    method, headers: { authorization }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

const submit = async (events, ...paths) => (await call(
  'POST', `?notify_url=${encodeURIComponent(receiver)}&notify_events=${events}`, paths.map((path) => ({ path })))).Batch;

const delivered = (id, count) => until(`${count} messages of batch ${id} are delivered`, async () => {
  const { Webhooks: messages } = await call('GET', `/${id}/webhooks`);
  return messages.filter(({ state }) => state === 'DELIVERED').length === count && messages;
});

let secret;
let child;
const received = [];
const printed = [];

const verifier = {
  async 'listen, and refuse the first attempt'() {
    const server = createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      response.writeHead(received.length === 1 ? 500 : 204).end();
    });
    await new Promise((resolve) => server.listen(Number(port), '127.0.0.1', resolve));
    server.unref();
  },

  async 'be told of a batch that is done'() {
    const { id, notify } = await submit('done,failed_first', 'sample/items?limit=1', 'sample/items/0');
    assert.deepEqual(notify, { url: receiver, events: ['done', 'failed_first'] });
    const messages = await delivered(id, 2);
    assert.deepEqual(messages.map((message) => message.id), [`msg_${id}_done`, `msg_${id}_failed_first`]);
    assert.equal(messages.map(({ attempts }) => attempts).reduce((a, b) => a + b), 3);
  },

  'find all of them signed'() {
    const webhook = new Webhook(secret);
    assert.equal(received.length, 3);
    for (const { headers, body } of received) {
      assert.deepEqual(webhook.verify(body, headers), JSON.parse(body));
      assert.equal(headers.authorization, undefined);
    }
    assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 2);
  },

  'find none that was changed'() {
    const webhook = new Webhook(secret);
    const [{ headers, body }] = received;
    const refused = (text, changed) =>
      assert.throws(() => webhook.verify(text, { ...headers, ...changed }), WebhookVerificationError);
    refused(`${body} `, {});
    refused(body, { 'webhook-id': 'msg_other' });
    refused(body, { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) });
    assert.throws(() => new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`).verify(body, headers), WebhookVerificationError);
  },
};

const other = {
  async 'start the receiver'() {
    child = spawn(program, [...script, port], { env: { ...process.env, SECRET: secret }, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (text) => printed.push(...text.toString().split('\n').filter(Boolean)));
    await until('the receiver listens', () => printed.includes('listening'));
  },

  async 'have it told of a batch once, however often'() {
    const { id } = await submit('done', 'sample/items?limit=1', 'sample/items/0');
    await delivered(id, 1);
    await call('POST', `/${id}/webhooks/msg_${id}_done/resend`);
    await delivered(id, 1);
    const line = `batch.done ${id}: 1 of 2 failed`;
    await until('the receiver has said so', () => printed.includes(line));
    assert.deepEqual(printed, ['listening', line]);
  },

  async 'have it refuse what is not signed'() {
    const response = await fetch(receiver, {
      method: 'POST',
      headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': 'v1,AAAA' },
      body: '{"type": "batch.done", "data": {}}',
    });
    assert.equal(response.status, 400);
    child.kill();
  },
};

await run({
  async 'read the secret'() {
    ({ secret } = await call('GET', '/webhook-secret'));
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  },
  ...(program ? other : verifier),
});
