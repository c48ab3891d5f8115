// What is odd and right, and what is too much, with the client library of OpenAI, unmodified: node odd.mjs GATEWAY. The gateway's limits are
// those that it has by default.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import OpenAI, { toFile } from 'openai';

const [gateway] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'odd' });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-odd-'));
let steps = 0;
const step = async (name, run) => {
  await run();
  steps++;
  console.log(`ok ${name}`);
};

const line = (id, content) => JSON.stringify({
  custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'tiny', messages: [{ role: 'user', content }] },
});
const run = async (file, more = {}) => {
  let batch = await client.batches.create({
    input_file_id: (await client.files.create({ file, purpose: 'batch' })).id, endpoint: '/v1/chat/completions', completion_window: '24h', ...more,
  });
  for (const deadline = Date.now() + 120_000; Date.now() < deadline && !['completed', 'failed'].includes(batch.status);) {
    await new Promise(done => setTimeout(done, 50));
    batch = await client.batches.retrieve(batch.id);
  }

  return batch;
};
const errors = batch => batch.errors.data.map(error => [error.code, error.line]);

await step('CRLF, a mark of the byte order and blank lines at the end, sent in chunks', async () => {
  const name = path.join(folder, 'ünïcode "in".jsonl');
  fs.writeFileSync(name, `\uFEFF${line('a', 'say one')}\r\n${line('b', 'say two')}\r\n\r\n`);
  const batch = await run(fs.createReadStream(name));
  assert.deepEqual(batch.request_counts, { total: 2, completed: 2, failed: 0 }, JSON.stringify(batch));
});

await step('no line break at the end, and results that are kept for an hour', async () => {
  const batch = await run(await toFile(Buffer.from(line('a', 'say one')), 'in.jsonl'), {
    output_expires_after: { anchor: 'created_at', seconds: 3600 },
  });
  assert.equal(batch.status, 'completed');
  const output = await client.files.retrieve(batch.output_file_id);
  assert.equal(output.expires_at - output.created_at, 3600);

  // A part of it, as who goes on with a download asks for it.
  const whole = await (await client.files.content(output.id)).text();
  const part = await client.files.content(output.id, { headers: { Range: 'bytes=10-19' } });
  assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 10-19/${output.bytes}`]);
  assert.equal(await part.text(), whole.slice(10, 20));
  const error = await client.files.content(output.id, { headers: { Range: `bytes=${output.bytes}-` } }).then(() => null, problem => problem);
  assert.equal(error?.status, 416);
});

await step('no lines', async () => {
  assert.deepEqual(errors(await run(await toFile(Buffer.from('\n\n'), 'in.jsonl'))), [['empty_file', null]]);
});

await step('50,001 lines', async () => {
  const text = Array.from({ length: 50_001 }, (_, i) => line(`${i}`, 'x')).join('\n');
  assert.deepEqual(errors(await run(await toFile(Buffer.from(text), 'in.jsonl'))), [['too_many_requests', null]]);
});

await step('a line of more than 8 MiB', async () => {
  const text = `${line('a', 'x')}\n${line('b', 'x'.repeat(8 * 1024 * 1024))}\n${line('c', 'x')}`;
  assert.deepEqual(errors(await run(await toFile(Buffer.from(text), 'in.jsonl'))), [['line_too_long', 2]]);
});

await step('files oldest first', async () => {
  const oldest = [];
  for await (const file of client.files.list({ order: 'asc', limit: 2 })) oldest.push(file.id);
  const newest = [];
  for await (const file of client.files.list({ limit: 2 })) newest.push(file.id);
  assert.equal(oldest.length, 5);
  assert.deepEqual(oldest, newest.reverse());
});

fs.rmSync(folder, { recursive: true });
console.log(`all ${steps} steps ok`);
process.exit(0);
