// Batches of embeddings of a model that really runs, with the client library of OpenAI, unmodified: node embeddings.mjs GATEWAY MODEL_SERVER.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';

const [gateway, server] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `http://${gateway}/v1`, apiKey: 'embeddings' });
const direct = new OpenAI({ baseURL: `${server}/v1`, apiKey: 'embeddings' });
const model = 'all-MiniLM-L6-v2';
let steps = 0;
const step = async (name, run) => {
  await run();
  steps++;
  console.log(`ok ${name}`);
};

const texts = new Map([
  ['cat', 'A small cat sleeps on the sofa.'], ['kitten', 'The kitten naps on a couch.'], ['rates', 'The central bank raised interest rates.'],
  ...Array.from({ length: 60 }, (_, i) => [`n${i}`, `Sentence number ${i} of many.`]),
]);
const line = (id, input, name = model) => JSON.stringify({
  custom_id: id, method: 'POST', url: '/v1/embeddings', body: { model: name, input, encoding_format: 'float' },
});
const lines = [...[...texts].map(([id, text]) => line(id, text)), line('unknown', 'x', 'no-such-model')];
const file = await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'), purpose: 'batch' });
let batch = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/embeddings', completion_window: '24h' });
for (const deadline = Date.now() + 120_000; Date.now() < deadline && !['completed', 'failed'].includes(batch.status);) {
  await new Promise(done => setTimeout(done, 100));
  batch = await client.batches.retrieve(batch.id);
}

const vectors = new Map();
await step('all lines are answered by the model', async () => {
  assert.equal(batch.status, 'completed', JSON.stringify(batch));
  assert.deepEqual(batch.request_counts, { total: texts.size + 1, completed: texts.size, failed: 1 });
  const output = await (await client.files.content(batch.output_file_id)).text();
  for (const { custom_id: id, response } of output.trimEnd().split('\n').map(text => JSON.parse(text))) {
    vectors.set(id, response.body.data[0].embedding);
  }

  assert.deepEqual([...vectors.keys()].sort(), [...texts.keys()].sort());
  const failed = JSON.parse(await (await client.files.content(batch.error_file_id)).text());
  assert.deepEqual([failed.custom_id, failed.response.status_code], ['unknown', 404]);
});

await step('each has its own answer', async () => {
  for (const id of ['cat', 'n0', 'n59']) {
    const { data } = await direct.embeddings.create({ model, input: texts.get(id), encoding_format: 'float' });
    assert.equal(data[0].embedding.length, 384);
    data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - vectors.get(id)[i]) < 1e-5, `${id} ${i}`));
  }
});

await step('and it makes sense', async () => {
  const dot = (a, b) => vectors.get(a).reduce((sum, value, i) => sum + value * vectors.get(b)[i], 0);
  assert.ok(dot('cat', 'kitten') > dot('cat', 'rates') + 0.3, `${dot('cat', 'kitten')} ${dot('cat', 'rates')}`);
});

console.log(`all ${steps} steps ok`);
process.exit(0);
