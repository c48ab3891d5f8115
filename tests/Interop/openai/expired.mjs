// A batch whose time is over before its end, with the client library of OpenAI, unmodified: node expired.mjs GATEWAY. The gateway
// gives batches twenty seconds, and their results thirty more.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';

const [gateway] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'expired' });
const line = (id, content) => JSON.stringify({
  custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'tiny', messages: [{ role: 'user', content }] },
});
const lines = [line('fast', 'one'), line('slow', 'slow 120000 two')].join('\n');
const file = await client.files.create({ file: await toFile(Buffer.from(lines), 'in.jsonl'), purpose: 'batch' });
let batch = await client.batches.create({
  input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h',
});
while (['validating', 'in_progress', 'finalizing'].includes(batch.status)) {
  await new Promise(done => setTimeout(done, 100));
  batch = await client.batches.retrieve(batch.id);
}

assert.equal(batch.status, 'expired');
assert.ok(batch.expired_at >= batch.expires_at);
assert.deepEqual(batch.request_counts, { total: 2, completed: 1, failed: 1 });
const read = async id => JSON.parse(await (await client.files.content(id)).text());
assert.equal((await read(batch.output_file_id)).custom_id, 'fast');
const failed = await read(batch.error_file_id);
assert.deepEqual([failed.custom_id, failed.response, failed.error.code], ['slow', null, 'batch_expired']);
let gone;
for (const deadline = Date.now() + 60_000; Date.now() < deadline && gone?.status !== 404;) {
  await new Promise(done => setTimeout(done, 200));
  gone = await client.files.content(batch.output_file_id).then(() => null, error => error);
}

assert.equal(gone?.status, 404);
assert.equal((await client.batches.retrieve(batch.id)).status, 'expired');
console.log('all 1 steps ok');
process.exit(0);
