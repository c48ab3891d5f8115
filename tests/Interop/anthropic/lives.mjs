// A batch that outlives its gateway, or its time, with the client library of Anthropic, unmodified. node lives.mjs GATEWAY submit MS prints
// the id of a batch with a quick request and a hundred that take MS; node lives.mjs GATEWAY finish ID TYPE reads them to their end:
// the quick one has succeeded, and the others have the result TYPE.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';

const [gateway, phase, first, type] = process.argv.slice(2);
const { batches } = new Anthropic({ baseURL: `http://${gateway}`, apiKey: 'lives' }).messages;
const request = (id, content) => ({
  custom_id: id, params: { model: 'tiny', max_tokens: 10, messages: [{ role: 'user', content }] },
});

if (phase === 'submit') {
  const slow = Array.from({ length: 100 }, (_, i) => request(`s${i}`, `slow ${first} ${i}`));
  const batch = await batches.create({ requests: [request('quick', 'say one'), ...slow] });
  console.log(`id ${batch.id}`);
} else {
  let batch;
  for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
    batch = await batches.retrieve(first);
    if (batch.processing_status === 'ended') break;
    await new Promise(done => setTimeout(done, 100));
  }

  assert.equal(batch.processing_status, 'ended');
  const counts = { processing: 0, succeeded: 1, errored: 0, canceled: 0, expired: 0 };
  counts[type] += 100;
  assert.deepEqual(batch.request_counts, counts);
  for await (const { custom_id: id, result } of await batches.results(first)) {
    assert.equal(result.type, id === 'quick' ? 'succeeded' : type);
  }
}

console.log('all 1 steps ok');
process.exit(0);
