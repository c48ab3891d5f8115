// Batches over a gateway that is killed, with the client library of OpenAI, unmodified: node killed.mjs GATEWAY submit prints the ids of
// two batches, node killed.mjs GATEWAY finish ID ID reads them to their end.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';

const [gateway, phase, ...ids] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'killed' });
const line = (id, content) => JSON.stringify({
  custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'tiny', messages: [{ role: 'user', content }] },
});
const submit = async lines => (await client.batches.create({
  input_file_id: (await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'), purpose: 'batch' })).id,
  endpoint: '/v1/chat/completions', completion_window: '24h',
})).id;
const numbers = count => Array.from({ length: count }, (_, i) => i);

if (phase === 'submit') {
  // One under way, some of its requests at the model server; one of which the lines are still being read.
  const first = await submit(numbers(400).map(i => line(`a-${i}`, `slow 100 ${i}`)));
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if ((await client.batches.retrieve(first)).request_counts.completed > 5) break;
    await new Promise(done => setTimeout(done, 20));
  }

  const second = await submit(numbers(20_000).map(i => line(`b-${i}`, `${'x'.repeat(500)} ${i}`)));
  console.log(`ids ${first} ${second}`);
} else {
  for (const [i, count] of [400, 20_000].entries()) {
    let batch;
    for (const deadline = Date.now() + 150_000; Date.now() < deadline;) {
      batch = await client.batches.retrieve(ids[i]);
      if (batch.status === 'completed') break;
      await new Promise(done => setTimeout(done, 100));
    }

    assert.equal(batch.status, 'completed', JSON.stringify(batch));
    assert.deepEqual(batch.request_counts, { total: count, completed: count, failed: 0 });
    const text = await (await client.files.content(batch.output_file_id)).text();
    const results = text.trimEnd().split('\n').map(one => JSON.parse(one));
    assert.equal(new Set(results.map(result => result.custom_id)).size, count);
    for (const { custom_id: id, response } of results) {
      assert.equal(response.body.choices[0].message.content, id.slice(2));
    }
  }
}

console.log('all 1 steps ok');
process.exit(0);
