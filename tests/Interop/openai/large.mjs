// One large batch with the client library of OpenAI, unmodified: node large.mjs GATEWAY API_PORT LINES. Each line has 2 KiB. The model
// server behind the gateway is a stub at the port that this program is given; the gateway is told the same port.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { Readable } from 'node:stream';
import OpenAI from 'openai';

const [gateway, apiPort, count] = process.argv.slice(2);
const lines = Number(count);
const lineBytes = 2048;
const answer = JSON.stringify({
  id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'tiny',
  choices: [{ index: 0, message: { role: 'assistant', content: 'x'.repeat(500) }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
});
const model = http.createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
});
await new Promise(ready => model.listen(Number(apiPort), '127.0.0.1', ready));

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-large-'));
const name = path.join(folder, 'in.jsonl');
const line = id => {
  const make = content => `${JSON.stringify({
    custom_id: id, method: 'POST', url: '/v1/chat/completions',
    body: { model: 'tiny', messages: [{ role: 'user', content }] },
  })}\n`;
  return make('y'.repeat(lineBytes - make('').length));
};
const file = fs.openSync(name, 'w');
for (let i = 0; i < lines; i++) fs.writeSync(file, line(`request-${i}`));
fs.closeSync(file);
assert.equal(fs.statSync(name).size, lines * lineBytes);

const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'large' });
const begun = Date.now();
const since = () => ((Date.now() - begun) / 1000).toFixed(1);
const uploaded = await client.files.create({ file: fs.createReadStream(name), purpose: 'batch' });
assert.equal(uploaded.bytes, lines * lineBytes);
console.log(`uploaded ${uploaded.bytes} bytes after ${since()} s`);
let batch = await client.batches.create({
  input_file_id: uploaded.id, endpoint: '/v1/chat/completions', completion_window: '24h',
});
let accepted = false;
while (!['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
  await new Promise(done => setTimeout(done, 200));
  batch = await client.batches.retrieve(batch.id);
  if (!accepted && batch.in_progress_at) {
    accepted = true;
    console.log(`accepted after ${since()} s`);
  }
}

console.log(`${batch.status} after ${since()} s`);
assert.equal(batch.status, 'completed', JSON.stringify(batch.errors));
assert.deepEqual(batch.request_counts, { total: lines, completed: lines, failed: 0 });
const ids = new Set();
const content = await client.files.content(batch.output_file_id);
for await (const text of readline.createInterface({ input: Readable.fromWeb(content.body), crlfDelay: Infinity })) {
  const { custom_id: id, response } = JSON.parse(text);
  assert.equal(response.status_code, 200);
  ids.add(id);
}

assert.equal(ids.size, lines);
console.log(`read after ${since()} s`);
fs.rmSync(folder, { recursive: true });
console.log('all 1 steps ok');
process.exit(0);
