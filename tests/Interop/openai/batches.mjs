// The whole life of batches with the client library of OpenAI, unmodified: node batches.mjs GATEWAY API_PORT. The model server
// behind the gateway is a stub at the port that this program is given; the gateway is told the same port.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import OpenAI, { toFile } from 'openai';
import { startModelServer } from './model-server.mjs';

const [gateway, apiPort] = process.argv.slice(2);
const model = await startModelServer(apiPort);
const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: `key-${process.pid}` });
const other = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'somebody-else' });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-'));
let steps = 0;
const step = async (name, run) => {
  await run();
  steps++;
  console.log(`ok ${name}`);
};

const line = (id, content, more = {}) => JSON.stringify({
  custom_id: id, method: 'POST', url: '/v1/chat/completions',
  body: { model: 'tiny', messages: [{ role: 'user', content }], ...more.body }, ...more.line,
});
const upload = async lines => (await client.files.create({
  file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'), purpose: 'batch',
})).id;
const submit = async (lines, more = {}) => client.batches.create({
  input_file_id: await upload(lines), endpoint: '/v1/chat/completions', completion_window: '24h', ...more,
});
const ended = ['completed', 'failed', 'expired', 'cancelled'];
const until = async (id, isSo) => {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const batch = await client.batches.retrieve(id);
    const { total, completed, failed } = batch.request_counts;
    assert.ok(completed + failed <= total, JSON.stringify(batch));
    if (isSo(batch)) return batch;
    await new Promise(done => setTimeout(done, 50));
  }
  throw new Error(`batch ${id} does not come so far: ${JSON.stringify(await client.batches.retrieve(id))}`);
};
const end = id => until(id, batch => ended.includes(batch.status));
const read = async id => (await (await client.files.content(id)).text()).trimEnd().split('\n').map(text => JSON.parse(text));
const fail = async (promise, status, code) => {
  const error = await promise.then(() => null, problem => problem);
  assert.equal(error?.status, status, String(error));
  if (code !== undefined) assert.equal(error.code, code);
  assert.match(error.requestID, /^req_[0-9a-f]{32}$/);
  return error;
};

let batch;
let file;
await step('a file is uploaded as a stream, and read again', async () => {
  const name = path.join(folder, 'in.jsonl');
  const text = [line('a', 'say one'), line('b', 'say zwei €'), line('c', 'bad'), line('d', 'busy 1 four')].join('\n') + '\n';
  fs.writeFileSync(name, text);
  file = await client.files.create({ file: fs.createReadStream(name), purpose: 'batch' });
  assert.equal(file.bytes, Buffer.byteLength(text));
  assert.deepEqual([file.object, file.filename, file.purpose, file.status], ['file', 'in.jsonl', 'batch', 'processed']);
  assert.equal(await (await client.files.content(file.id)).text(), text);
  assert.deepEqual(await client.files.retrieve(file.id), file);
  assert.equal((await client.files.waitForProcessing(file.id)).id, file.id);
});

await step('a batch runs to its end', async () => {
  batch = await client.batches.create({
    input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { job: 'nightly' },
  });
  assert.equal(batch.status, 'validating');
  assert.deepEqual(batch.metadata, { job: 'nightly' });
  batch = await end(batch.id);
  assert.equal(batch.status, 'completed');
  assert.deepEqual(batch.request_counts, { total: 4, completed: 3, failed: 1 });
  assert.equal(batch.errors, null);
  assert.equal(batch.input_file_id, file.id);
  for (const time of ['created_at', 'in_progress_at', 'finalizing_at', 'completed_at']) {
    assert.ok(Math.abs(batch[time] - Date.now() / 1000) < 120, time);
  }
  assert.equal(batch.expires_at, batch.created_at + 24 * 3600);
});

await step('its results are files', async () => {
  const results = new Map((await read(batch.output_file_id)).map(result => [result.custom_id, result]));
  assert.deepEqual([...results.keys()].sort(), ['a', 'b', 'd']);
  assert.equal(results.get('a').response.body.choices[0].message.content, 'one');
  assert.equal(results.get('b').response.body.choices[0].message.content, '€');
  assert.equal(results.get('d').response.status_code, 200);
  assert.match(results.get('a').response.request_id, /^model-/);
  assert.match(results.get('a').id, /^batch_req_/);
  assert.equal(results.get('a').error, null);
  const [failed] = await read(batch.error_file_id);
  assert.deepEqual([failed.custom_id, failed.response.status_code], ['c', 400]);
  assert.equal(failed.response.body.error.type, 'BadRequestError');
  const output = await client.files.retrieve(batch.output_file_id);
  assert.equal(output.purpose, 'batch_output');
  assert.equal(output.bytes, (await (await client.files.content(batch.output_file_id)).arrayBuffer()).byteLength);
});

await step('the model server got the key, and 429 was tried again', async () => {
  assert.ok(model.calls.every(call => call.headers.authorization === `Bearer key-${process.pid}`));
  assert.equal(model.calls.filter(call => call.prompt === 'busy 1 four').length, 2);
});

await step('a bad file fails its batch, with the lines', async () => {
  const made = await submit([
    line('a', 'fine'), '{"custom_id": "b"', line('a', 'twice'), line('c', 'x', { line: { url: '/v1/embeddings' } }),
    line('d', 'x', { body: { stream: true } }), line('e', 'x', { line: { method: 'GET' } }), line(undefined, 'x'),
  ]);
  const failed = await end(made.id);
  assert.equal(failed.status, 'failed');
  assert.ok(failed.failed_at >= failed.created_at);
  assert.equal(failed.output_file_id, null);
  assert.deepEqual(failed.errors.data.map(error => [error.line, error.code, error.param]).sort((a, b) => a[0] - b[0]), [
    [2, 'invalid_json_line', null], [3, 'duplicate_custom_id', 'custom_id'], [4, 'invalid_url', 'url'],
    [5, 'invalid_request', 'body.stream'], [6, 'invalid_method', 'method'], [7, 'missing_required_parameter', 'custom_id'],
  ]);
  const empty = await end((await submit([''])).id);
  assert.deepEqual(empty.errors.data.map(error => error.code), ['empty_file']);
});

await step('a batch is cancelled', async () => {
  const made = await submit([line('a', 'say one'), ...Array.from({ length: 200 }, (_, i) => line(`s${i}`, `slow 30000 ${i}`))]);
  await until(made.id, found => found.request_counts.completed === 1);
  const cancelling = await client.batches.cancel(made.id);
  assert.ok(['cancelling', 'cancelled'].includes(cancelling.status), cancelling.status);
  assert.ok(cancelling.cancelling_at > 0);
  const cancelled = await end(made.id);
  assert.equal(cancelled.status, 'cancelled');
  assert.deepEqual(cancelled.request_counts, { total: 201, completed: 1, failed: 200 });
  assert.deepEqual((await read(cancelled.output_file_id)).map(result => result.custom_id), ['a']);
  assert.equal((await read(cancelled.error_file_id))[0].error.code, 'batch_cancelled');
});

await step('batches and files are listed, page by page', async () => {
  const ids = [];
  for await (const found of client.batches.list({ limit: 2 })) ids.push(found.id);
  assert.equal(ids.length, 4);
  assert.equal(new Set(ids).size, 4);
  assert.equal(ids.at(-1), batch.id);
  const files = [];
  for await (const found of client.files.list({ limit: 2 })) files.push(found.id);
  assert.equal(files.length, 4);
  assert.ok(files.includes(file.id));
});

await step('nobody else sees any of it', async () => {
  assert.equal((await other.batches.list()).data.length, 0);
  assert.equal((await other.files.list()).data.length, 0);
  await fail(other.batches.retrieve(batch.id), 404, 'not_found');
  await fail(other.batches.cancel(batch.id), 404);
  await fail(other.files.content(file.id), 404);
  await fail(other.files.content(batch.output_file_id), 404);
  await fail(other.files.delete(file.id), 404);
});

await step('what is wrong is refused', async () => {
  await fail(client.batches.create({ input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' }), 400);
  const error = await fail(client.batches.create({ input_file_id: file.id, endpoint: '/v1/batches', completion_window: '24h' }), 400);
  assert.equal(error.param, 'endpoint');
  await fail(client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '1h' }), 400);
  await fail(client.files.create({ file: await toFile(Buffer.from('x'), 'x'), purpose: 'assistants' }), 400);
  await fail(client.batches.retrieve('batch_1'), 404);
});

await step('files are deleted', async () => {
  assert.deepEqual(await client.files.delete(batch.output_file_id), { id: batch.output_file_id, object: 'file', deleted: true });
  await fail(client.files.content(batch.output_file_id), 404);
  assert.equal((await client.batches.retrieve(batch.id)).status, 'completed');
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await fail(client.files.retrieve(file.id), 404);
});

fs.rmSync(folder, { recursive: true });
model.close();
console.log(`all ${steps} steps ok`);
process.exit(0);
