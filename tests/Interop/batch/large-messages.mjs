// Results and submissions that are larger than the messages a client takes by default: node large-messages.mjs URL
// PROTOS SIZE:SHA-256 …, the bodies that the API answers with at bodies/0, bodies/1 …
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { client, close, readBody, requests } from './grpc.mjs';
import { collect, credential, run, until } from './story.mjs';

const fits = 4_161_536;
const bodies = process.argv.slice(4).map((text) => {
  const [size, sha256] = text.split(':');
  return { size: Number(size), sha256 };
});
// No options: the limits are those of the package.
const me = client(credential('node-large'));
const submitter = client(credential('node-large-submitter'));
const digest = (body) => createHash('sha256').update(body).digest('hex');
let batch;

const done = (through, batchId) => until('the batch is done', async () =>
  (await through.status({ batchId })).batch.runningRequests === 0);

/** All results by unary pages, each behind the position of the one before. */
async function pages(through, batchId) {
  const results = [];
  for (let after = 0; ;) {
    const page = await through.fetch({ batchId, after });
    if (page.batch.requests.length === 0) return results;
    results.push(...page.batch.requests);
    assert.equal(page.position, results.length);
    after = page.position;
  }
}

/** Every body came whole: with its result if it fits into a message, else by a call of its own. */
async function assertWhole(results) {
  assert.deepEqual(results.map(({ index }) => index).sort(), bodies.map((_, i) => i));
  for (const { id, index, response } of results) {
    const { size, sha256 } = bodies[index];
    assert.deepEqual([response.statusCode, response.size, response.bodyOmitted], [200, size, size > fits]);
    if (response.bodyOmitted) assert.equal(response.body.length, 0);
    const body = response.bodyOmitted ? await readBody(me, { batchId: batch.id, requestId: id }) : response.body;
    assert.deepEqual([body.length, digest(body)], [size, sha256]);
  }
}

await run({
  async 'pages give every byte'() {
    ({ batch } = await me.create({ requests: requests(bodies.map((_, i) => ({ path: `bodies/${i}` }))) }));
    await done(me, batch.id);
    await assertWhole(await pages(me, batch.id));
  },

  async 'a stream gives every byte'() {
    const records = await collect(me.results({ batchId: batch.id, after: 0 }));
    assert.equal(records.at(-1).end.runningRequests, 0);
    await assertWhole(records.slice(0, -1).map(({ request }) => request));
  },

  async 'a body that was cut goes on behind what has arrived'() {
    for (const [i, { size, sha256 }] of bodies.entries()) {
      const ids = { batchId: batch.id, requestId: batch.requests[i].id };
      const cut = me.body(ids);
      let body = Buffer.alloc(0);
      for await (const { chunk } of cut) {
        body = chunk;
        break;
      }
      cut.cancel();
      assert.equal(body.length, Math.min(size, 1024 * 1024));
      body = Buffer.concat([body, await readBody(me, { ...ids, offset: body.length })]);
      assert.deepEqual([body.length, digest(body)], [size, sha256]);
    }
  },

  async 'a batch whose echo is too large is submitted once'() {
    const paths = Array.from({ length: 550 }, (_, i) => `/${String(i).padStart(7, '0')}/`.padEnd(7900, 'p'));
    const { batch: submitted } = await submitter.create({ requests: requests(paths.map((path) => ({ path }))) });
    assert.deepEqual([submitted.requestsOmitted, submitted.requests, submitted.totalRequests], [true, [], 550]);
    assert.deepEqual((await submitter.list({})).batches.map(({ id }) => id), [submitted.id]);
    await done(submitter, submitted.id);
    const results = await pages(submitter, submitted.id);
    assert.ok(results.every(({ response }) => response.statusCode === 200));
    assert.deepEqual(results.sort((a, b) => a.index - b.index).map(({ path }) => path), paths);
  },
});
close();
