// What there is to calls beside the life of a batch: deadlines, uploads, keys, sizes, compression, health.
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { assertStatus, client, details, health, readBody, requests, unary } from './grpc.mjs';
import { collect, credential, until } from './story.mjs';

const large = Buffer.alloc(6 * 1024 * 1024, 'large ');
const authorization = credential('node-grpc-calls');
const me = client(authorization);
const compressing = client(authorization, {
  'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip,
});
const [slow] = requests([{ path: 'sample/slow?ms=30000' }]);

/** Submits one call that is echoed, and gives the echo. */
async function echo(through, call) {
  const { batch } = await through.create({ requests: requests([call]) });
  const { response } = await until('the echo is there', async () => {
    const page = await through.fetch({ batchId: batch.id, requestIds: [batch.requests[0].id] });
    return page.batch.requests[0].response && page.batch.requests[0];
  });
  assert.equal(response.statusCode, 200);
  // What is larger than a client accepts by default comes by a call of its own.
  assert.equal(response.bodyOmitted, response.size > 4 * 1024 * 1024);
  let { body } = response;
  if (response.bodyOmitted) {
    assert.equal(body.length, 0);
    const ids = { batchId: batch.id, requestId: batch.requests[0].id };
    body = await readBody(through, ids);
    const offset = Math.floor(response.size / 2);
    assert.ok((await readBody(through, { ...ids, offset })).equals(body.subarray(offset)));
  }
  assert.equal(body.length, response.size);
  return JSON.parse(body);
}

const posted = (body) => ({ path: 'sample/echo', method: 'POST', headers: { 'content-type': 'text/plain' }, body });

export const callSteps = {
  async 'run a keyed batch'() {
    const { replies } = await me.run([
      { key: 'a', request: requests([{ path: 'sample/numbers' }])[0] },
      { key: '', request: requests([{ path: 'sample/items/0' }])[0] },
      { key: 'bad', request: requests([{ path: 'sample/items', method: 'STEAL' }])[0] },
    ]);
    assert.deepEqual(replies.map(({ key, response }) => [key, response.statusCode]), [['a', 200], ['', 404], ['bad', 400]]);
    assert.equal(replies[0].response.body.toString(), '{"n": 12345678901234567890, "d": 1.10}');
    assert.equal(replies[2].response.error.code, grpc.status.INVALID_ARGUMENT);
    const [request] = requests([{ path: 'sample/numbers' }]);
    const error = await assertStatus(grpc.status.INVALID_ARGUMENT, me.run([{ key: 'twice', request }, { key: 'twice', request }]));
    assert.deepEqual(details(error).BadRequest.fieldViolations.map(({ field }) => field), ['calls[1].key']);
  },

  async 'a deadline passes'() {
    await assertStatus(grpc.status.DEADLINE_EXCEEDED, me.run([{ key: 'slow', request: slow }], 300));
    const { batch } = await me.create({ requests: [...requests([{ path: 'sample/numbers' }]), slow] });
    const seen = [];
    await assertStatus(grpc.status.DEADLINE_EXCEEDED, (async () => {
      for await (const record of me.results({ batchId: batch.id }, 1000)) seen.push(record.position);
    })());
    assert.deepEqual(seen, [1]);
    await me.delete({ batchId: batch.id });
  },

  async 'a deadline that only the server knows of passes'() {
    // grpc-js sends the field as it is, and no deadline of its own would end the call before the server does.
    const call = unary(me.keyed, 'runBatch', { calls: [{ key: 'slow', request: slow }] }, me.metadata({ 'grpc-timeout': '300m' }), Infinity);
    await assertStatus(grpc.status.DEADLINE_EXCEEDED, call);
  },

  async 'a call is cancelled'() {
    const call = me.keyed.runBatch({ calls: [{ key: 'slow', request: slow }] }, me.metadata(), () => {});
    const status = new Promise((resolve) => { call.on('status', resolve); });
    setTimeout(() => call.cancel(), 200);
    assert.equal((await status).code, grpc.status.CANCELLED);
  },

  async 'upload a batch in several messages'() {
    const messages = [0, 1, 2].map((i) => ({ requests: requests(Array(500).fill({ path: `sample/echo?message=${i}` })) }));
    const { batch } = await me.upload([...messages, { requests: [] }]);
    assert.equal(batch.totalRequests, 1500);
    const records = await collect(me.results({ batchId: batch.id, requestFields: { paths: ['index', 'path'] } }));
    assert.equal(records.at(-1).end.runningRequests, 0);
    const paths = new Map(records.slice(0, -1).map(({ request }) => [request.index, request.path]));
    assert.deepEqual([...Array(1500).keys()].map((i) => paths.get(i)),
      messages.flatMap((message) => message.requests.map(({ path }) => path)));
  },

  async 'an upload that is empty or bad is refused'() {
    for (const messages of [[], [{ requests: [] }]]) {
      const error = await assertStatus(grpc.status.INVALID_ARGUMENT, me.upload(messages));
      assert.deepEqual(details(error).BadRequest.fieldViolations.map(({ field }) => field), ['requests']);
    }
    const bad = requests([{ path: 'sample/items' }, { path: '//elsewhere.example/' }]);
    const error = await assertStatus(grpc.status.INVALID_ARGUMENT, me.upload([{ requests: bad }, { requests: bad }]));
    assert.deepEqual(details(error).BadRequest.fieldViolations.map(({ field }) => field), ['requests[1].path', 'requests[3].path']);
  },

  async 'send and receive several MiB'() {
    assert.equal((await echo(me, posted(large))).body, large.toString());
  },

  async 'send what is compressed'() {
    assert.equal((await echo(compressing, posted(large))).body, large.toString());
    const { batch } = await compressing.upload([{ requests: requests([posted(large)]) }, { requests: requests([posted(large)]) }]);
    assert.equal(batch.totalRequests, 2);
    await assertStatus(grpc.status.NOT_FOUND, compressing.status({ batchId: '1234567890123456' }));
  },

  async 'the API gets the credential, and not what else the call carried'() {
    const { headers } = await echo(me, { path: 'sample/echo', headers: { 'x-trace': 'abc' } });
    assert.equal(headers.authorization, authorization);
    assert.equal(headers['x-trace'], 'abc');
    assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith('grpc-') || name === 'te'), []);
  },

  async 'it is healthy'() {
    assert.deepEqual(await unary(health, 'check', {}), { status: 'SERVING' });
    await assertStatus(grpc.status.NOT_FOUND, unary(health, 'check', { service: 'no.such.Service' }));
    const watch = health.watch({});
    for await (const { status } of watch) {
      assert.equal(status, 'SERVING');
      break;
    }
    watch.cancel();
  },
};
