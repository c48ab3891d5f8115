// The gateway over gRPC, from the protos: node grpc-client.mjs URL PROTOS
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { callSteps } from './grpc-calls.mjs';
import { assertStatus, client, close, details, requests } from './grpc.mjs';
import { badCalls, collect, credential, mixedCalls, run, slowTail, until } from './story.mjs';

const me = client(credential('node-grpc'));
const reader = client(credential('node-grpc-reader'));
const somebodyElse = client(credential('node-grpc-somebody-else'));
let mixed;
let cut;
let cancelled;

await run({
  async 'submit a mixed batch'() {
    ({ batch: mixed } = await me.create({ requests: requests(mixedCalls) }));
    assert.match(mixed.id, /^[0-9]{16}$/);
    assert.equal(mixed.totalRequests, mixedCalls.length);
    assert.deepEqual(mixed.requests.map((r) => r.path), mixedCalls.map((call) => call.path));
    assert.deepEqual(mixed.requests.map((r) => r.method), mixedCalls.map((call) => (call.method ?? 'GET').toUpperCase()));
    assert.equal(new Set(mixed.requests.map((r) => r.id)).size, mixedCalls.length);
    assert.ok(mixed.requests.every((r) => r.spawnedBy === mixed.id));
  },

  async 'poll its status'() {
    const { batch } = await until('the batch is done', async () => {
      const reply = await me.status({ batchId: mixed.id });
      assert.deepEqual(reply.batch.requests, []);
      return reply.batch.runningRequests === 0 && reply;
    });
    assert.equal(batch.state, 'BATCH_STATE_DONE');
    assert.equal(batch.failedRequests, mixedCalls.filter((call) => call.status >= 400).length);
    const { batch: detailed } = await me.status({ batchId: mixed.id, detailed: true });
    assert.deepEqual(detailed.requests.map((r) => r.response.statusCode), mixedCalls.map((call) => call.status));
    assert.equal(detailed.requests.reduce((sum, r) => sum + r.response.size, 0), batch.responseSize);
  },

  async 'fetch its pages until nothing is left'() {
    const seen = new Map();
    await until('every result is fetched', async () => {
      const { batch } = await me.fetch({ batchId: mixed.id });
      for (const request of batch.requests) {
        assert.ok(!seen.has(request.id), `${request.path} came twice`);
        seen.set(request.id, request);
      }
      return batch.runningRequests === 0 && batch.requests.length === 0;
    });
    mixedCalls.forEach((call, i) => {
      const { response } = seen.get(mixed.requests[i].id);
      assert.equal(response.statusCode, call.status, call.path);
      assert.equal(response.size, response.body.length);
      assert.equal(response.error, null);
      call.check(response.body);
    });
  },

  async 'fetch pages behind a position'() {
    const calls = Array(3).fill({ path: 'sample/bytes?size=1500000' });
    const { batch: { id: batchId } } = await reader.create({ requests: requests(calls) });
    await until('the batch is done', async () => (await reader.status({ batchId })).batch.runningRequests === 0);
    const pages = [];
    for (let after = 0; ; after = pages.at(-1).position) {
      const page = await reader.fetch({ batchId, after });
      if (page.batch.requests.length === 0) break;
      pages.push(page);
    }
    assert.deepEqual(pages.map(({ position }) => position), [1, 2, 3]);
    assert.ok(pages.every(({ batch }) => batch.requests[0].response.body.length === 1_500_000));
    assert.deepEqual((await reader.fetch({ batchId, after: 1 })).batch.requests, pages[1].batch.requests);
  },

  async 'fetch some of them again by id, and only some fields'() {
    const ids = [mixed.requests[4].id, mixed.requests[1].id];
    const { batch } = await me.fetch({
      batchId: mixed.id, requestIds: ids, requestFields: { paths: ['path', 'response.status_code'] },
    });
    assert.deepEqual(batch.requests.map((r) => [r.id, r.path, r.response.statusCode]),
      [[ids[0], 'sample/items/0', 404], [ids[1], '/sample/numbers', 200]]);
    assert.ok(batch.requests.every((r) => r.response.body.length === 0 && r.position === 0));
  },

  async 'cut a stream of results after three while the batch runs'() {
    ({ batch: cut } = await me.create({ requests: requests(slowTail(12, 1000)) }));
    const stream = me.results({ batchId: cut.id });
    const positions = [];
    try {
      for await (const { record, position } of stream) {
        assert.equal(record, 'request');
        positions.push(position);
        if (positions.length === 3) break;
      }
    } finally {
      stream.cancel();
    }
    assert.deepEqual(positions, [1, 2, 3]);
    assert.notEqual((await me.status({ batchId: cut.id })).batch.runningRequests, 0, 'the stream waited for the slow call');
  },

  async 'go on behind the third to the end'() {
    const messages = await collect(me.results({ batchId: cut.id, after: 3 }));
    assert.deepEqual(messages.map((message) => message.position), [4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
    assert.ok(messages.slice(0, -1).every((message) => message.request.response.statusCode === 200));
    assert.equal(messages.at(-1).end.runningRequests, 0);
  },

  async 'cancel a batch'() {
    ({ batch: cancelled } = await me.create({ requests: requests(Array(20).fill({ path: 'sample/slow?ms=60000' })) }));
    await me.cancel({ batchId: cancelled.id });
    const messages = await collect(me.results({ batchId: cancelled.id }));
    const results = messages.filter((message) => message.record === 'request').map((message) => message.request.response);
    assert.equal(results.length, 20);
    assert.ok(results.every((response) => response.statusCode === 499 && response.error.code === grpc.status.CANCELLED));
    assert.equal((await me.status({ batchId: cancelled.id })).batch.state, 'BATCH_STATE_CANCELLED');
  },

  async 'list the batches, newest first, in pages'() {
    const { batches } = await me.list({});
    assert.deepEqual(batches.map((b) => b.id), [cancelled.id, cut.id, mixed.id]);
    const first = await me.list({ limit: 2 });
    assert.deepEqual(first.batches.map((b) => b.id), [cancelled.id, cut.id]);
    const second = await me.list({ limit: 2, pageToken: first.nextPageToken });
    assert.deepEqual(second.batches.map((b) => b.id), [mixed.id]);
    assert.equal(second.nextPageToken, '');
  },

  async 'somebody else finds none of it'() {
    assert.deepEqual((await somebodyElse.list({})).batches, []);
    const batchId = mixed.id;
    for (const name of ['status', 'fetch', 'cancel', 'delete']) {
      const error = await assertStatus(grpc.status.NOT_FOUND, somebodyElse[name]({ batchId }));
      assert.deepEqual(details(error).ResourceInfo, { resourceType: 'batch', resourceName: batchId });
    }
    const stream = somebodyElse.results({ batchId });
    await assertStatus(grpc.status.NOT_FOUND, collect(stream));
  },

  async 'delete a batch'() {
    await me.delete({ batchId: mixed.id });
    await assertStatus(grpc.status.NOT_FOUND, me.status({ batchId: mixed.id }));
    assert.deepEqual((await me.list({})).batches.map((b) => b.id), [cancelled.id, cut.id]);
  },

  async 'a bad batch is refused with every problem named'() {
    const error = await assertStatus(grpc.status.INVALID_ARGUMENT, me.create({ requests: requests(badCalls) }));
    const fields = details(error).BadRequest.fieldViolations.map((violation) => violation.field);
    assert.deepEqual(fields, ['requests[1].path', 'requests[2].method']);
    await assertStatus(grpc.status.INVALID_ARGUMENT, me.create({ requests: [] }));
    assert.equal((await me.list({})).batches.length, 2);
  },

  async 'a batch id of no batch is not found, and what is no id is refused'() {
    await assertStatus(grpc.status.NOT_FOUND, me.status({ batchId: '1234567890123456' }));
    const malformed = await assertStatus(grpc.status.INVALID_ARGUMENT, me.status({ batchId: 'seven' }));
    assert.deepEqual(details(malformed).BadRequest.fieldViolations.map(({ field }) => field), ['batch_id']);
    const requestIds = ['1000000000000000'];
    const error = await assertStatus(grpc.status.NOT_FOUND, me.fetch({ batchId: cut.id, requestIds }));
    assert.deepEqual(details(error).ResourceInfo, { resourceType: 'request', resourceName: requestIds[0] });
    await assertStatus(grpc.status.INVALID_ARGUMENT, me.fetch({ batchId: cut.id, requestIds, after: 1 }));
  },

  ...callSteps,
});
close();
