// The whole life of batches with the client library of Anthropic, unmodified: node batches.mjs GATEWAY API_PORT. The model server
// behind the gateway is a stub at the port that this program is given; the gateway is told the same port.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { startModelServer } from '../openai/model-server.mjs';

const [gateway, apiPort] = process.argv.slice(2);
const model = await startModelServer(apiPort);
const client = new Anthropic({ baseURL: `http://${gateway}`, apiKey: `key-${process.pid}` });
const other = new Anthropic({ baseURL: `http://${gateway}`, apiKey: 'somebody-else' });
const batches = client.messages.batches;
let steps = 0;
const step = async (name, run) => {
  await run();
  steps++;
  console.log(`ok ${name}`);
};

const request = (id, content, more = {}) => ({
  custom_id: id, params: { model: 'tiny', max_tokens: 10, messages: [{ role: 'user', content }], ...more },
});
const until = async (id, isSo) => {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const batch = await batches.retrieve(id);
    if (isSo(batch)) return batch;
    await new Promise(done => setTimeout(done, 50));
  }
  throw new Error(`batch ${id} does not come so far`);
};
const end = id => until(id, batch => batch.processing_status === 'ended');
const results = async id => {
  const found = new Map();
  for await (const result of await batches.results(id)) found.set(result.custom_id, result.result);
  return found;
};
const fail = async (promise, status, type) => {
  const error = await promise.then(() => null, problem => problem);
  assert.equal(error?.status, status, String(error));
  assert.equal(error.error.error.type, type);
  assert.match(error.requestID, /^req_[0-9a-f]{32}$/);
  return error;
};

let batch;
await step('a batch runs to its end', async () => {
  batch = await batches.create({
    requests: [request('a', 'say one'), request('b', 'say zwei €'), request('c', 'bad'), request('d', 'busy 1 four')],
  });
  assert.match(batch.id, /^msgbatch_\d{16}$/);
  assert.equal(batch.type, 'message_batch');
  assert.ok(['in_progress', 'ended'].includes(batch.processing_status));
  batch = await end(batch.id);
  assert.deepEqual(batch.request_counts, { processing: 0, succeeded: 3, errored: 1, canceled: 0, expired: 0 });
  assert.equal(Date.parse(batch.expires_at) - Date.parse(batch.created_at), 24 * 3_600_000);
  assert.ok(Date.parse(batch.ended_at) >= Date.parse(batch.created_at));
  assert.equal(batch.results_url, `/v1/messages/batches/${batch.id}/results`);
});

await step('its results are read as they come', async () => {
  const found = await results(batch.id);
  assert.equal(found.size, 4);
  assert.equal(found.get('a').type, 'succeeded');
  assert.equal(found.get('a').message.content[0].text, 'one');
  assert.equal(found.get('b').message.content[0].text, '€');
  assert.equal(found.get('d').type, 'succeeded');
  assert.equal(found.get('c').type, 'errored');
  assert.equal(found.get('c').error.error.type, 'invalid_request_error');
});

await step('the model server got the key and the version, and 429 was tried again', async () => {
  assert.ok(model.calls.every(call => call.headers.authorization === `Bearer key-${process.pid}`));
  assert.ok(model.calls.every(call => call.headers['anthropic-version']));
  assert.equal(model.calls.filter(call => call.prompt === 'busy 1 four').length, 2);
});

await step('betas are passed on', async () => {
  const made = await client.beta.messages.batches.create({ requests: [request('beta', 'say beta')], betas: ['x-2026-01-01'] });
  await end(made.id);
  assert.match(model.calls.find(call => call.prompt === 'say beta').headers['anthropic-beta'], /x-2026-01-01/);
});

await step('a key in x-api-key is the same key', async () => {
  const reply = await fetch(`http://${gateway}/v1/messages/batches`, { headers: { 'x-api-key': `key-${process.pid}` } });
  assert.match(reply.headers.get('request-id'), /^req_/);
  assert.equal((await reply.json()).data.length, 2);
});

await step('a batch is cancelled', async () => {
  const made = await batches.create({
    requests: [request('a', 'say one'), ...Array.from({ length: 100 }, (_, i) => request(`s${i}`, `slow 30000 ${i}`))],
  });
  const cancelling = await batches.cancel(made.id);
  assert.ok(['canceling', 'ended'].includes(cancelling.processing_status));
  assert.ok(cancelling.cancel_initiated_at);
  const cancelled = await end(made.id);
  const { succeeded, canceled, errored, expired, processing } = cancelled.request_counts;
  assert.deepEqual([succeeded + canceled, errored, expired, processing], [101, 0, 0, 0]);
  assert.equal((await results(made.id)).get('s1').type, 'canceled');
  assert.deepEqual(await batches.delete(made.id), { id: made.id, type: 'message_batch_deleted' });
  await fail(batches.retrieve(made.id), 404, 'not_found_error');
});

await step('batches are listed, page by page and back', async () => {
  for (const i of [1, 2, 3]) await end((await batches.create({ requests: [request('a', `say ${i}`)] })).id);
  const all = [];
  for await (const found of batches.list({ limit: 2 })) all.push(found.id);
  assert.equal(all.length, 5);
  assert.equal(all.at(-1), batch.id);
  const page = await batches.list({ before_id: all[4], limit: 2 });
  assert.deepEqual([page.data.map(found => found.id), page.has_more], [[all[2], all[3]], true]);
});

await step('nobody else sees any of it', async () => {
  assert.equal((await other.messages.batches.list()).data.length, 0);
  await fail(other.messages.batches.retrieve(batch.id), 404, 'not_found_error');
  await fail(other.messages.batches.cancel(batch.id), 404, 'not_found_error');
  await fail(other.messages.batches.delete(batch.id), 404, 'not_found_error');
});

await step('what is wrong is refused whole', async () => {
  const before = (await batches.list()).data.length;
  await fail(batches.create({ requests: [] }), 400, 'invalid_request_error');
  const twice = await fail(batches.create({ requests: [request('a', 'x'), request('a', 'y')] }), 400, 'invalid_request_error');
  assert.match(twice.message, /requests\[1\]/);
  await fail(batches.create({ requests: [request('a', 'x', { stream: true })] }), 400, 'invalid_request_error');
  await fail(batches.create({ requests: [{ custom_id: 'a' }] }), 400, 'invalid_request_error');
  await fail(batches.create({ requests: [{ params: {} }] }), 400, 'invalid_request_error');
  assert.equal((await batches.list()).data.length, before);
});

await step('a large batch comes as a stream', async () => {
  const count = 3_000;
  const made = await batches.create({
    requests: Array.from({ length: count }, (_, i) => request(`r${i}`, `${'x'.repeat(2_000)} ${i}`)),
  });
  const done = await end(made.id);
  assert.equal(done.request_counts.succeeded, count);
  const found = await results(made.id);
  assert.equal(found.size, count);
  assert.equal(found.get('r2999').message.content[0].text, '2999');
});

model.close();
console.log(`all ${steps} steps ok`);
process.exit(0);
