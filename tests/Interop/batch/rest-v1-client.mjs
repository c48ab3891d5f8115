// The gateway over the REST paths of its contract, proto3 JSON, with nothing but fetch: node rest-v1-client.mjs URL
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { badCalls, collect, credential, mixedCalls, run, slowTail, until } from './story.mjs';

const [address] = process.argv.slice(2);
const root = `${address}/api/v1/batches`;

/** All calls of one credential: the JSON of a reply, whose status has to be the expected one. */
function client(authorization) {
  const open = (method, path, { body, headers, signal } = {}) => fetch(root + path, {
    method,
    body: body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    headers: { authorization, ...(body && { 'content-type': 'application/json' }), ...headers },
    signal: signal ?? AbortSignal.timeout(60_000),
  });
  const call = async (status, method, path, options) => {
    const response = await open(method, path, options);
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.match(response.headers.get('content-type'), /^application\/json/);
    return JSON.parse(text);
  };
  return {
    open,
    get: (path) => call(200, 'GET', path),
    post: (path, body, headers) => call(200, 'POST', path, { body, headers }),
    delete: (path) => call(200, 'DELETE', path),
    create: async (calls) => (await call(200, 'POST', '', { body: { requests: requests(calls) } })).batch,
    fail: call,
  };
}

const requests = (calls) => calls.map(({ path, method, params, headers, body }) => ({
  path, method, params, headers, body: body && Buffer.from(JSON.stringify(body)).toString('base64'),
}));
const bytes = (response) => Buffer.from(response.body, 'base64');

/** The records of a stream, one JSON text in each line. */
async function* records(response) {
  assert.equal(response.status, 200);
  let rest = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
  }
  if (rest.trim()) yield JSON.parse(rest);
}

/** The detail of an error, which is a google.rpc.Status. */
function detail(error, code, type) {
  assert.equal(error.code, code, JSON.stringify(error));
  assert.equal(typeof error.message, 'string');
  const found = error.details.find((candidate) => candidate['@type'] === `type.googleapis.com/google.rpc.${type}`);
  assert.ok(found, JSON.stringify(error));
  return found;
}

const violations = (error) => detail(error, INVALID_ARGUMENT, 'BadRequest').fieldViolations.map(({ field }) => field);
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const me = client(credential('node-rest-v1'));
const reader = client(credential('node-rest-v1-reader'));
const somebodyElse = client(credential('node-rest-v1-somebody-else'));
let mixed;
let cut;
let cancelled;

await run({
  async 'submit a mixed batch'() {
    mixed = await me.create(mixedCalls);
    assert.match(mixed.id, /^[0-9]{16}$/);
    assert.equal(mixed.state, 'BATCH_STATE_RUNNING');
    assert.equal(mixed.totalRequests, `${mixedCalls.length}`);
    assert.ok(Date.parse(mixed.expireTime) > Date.parse(mixed.createTime));
    assert.deepEqual(mixed.requests.map(({ path, params, index }) => [path, params ?? undefined, index]),
      mixedCalls.map(({ path, params }, index) => [path, params, index]));
  },

  async 'poll its status'() {
    const done = await until('the batch is done', async () => {
      const { batch } = await me.get(`/${mixed.id}`);
      return batch.state === 'BATCH_STATE_DONE' && batch;
    });
    assert.equal(done.failedRequests, `${mixedCalls.filter(({ status }) => status >= 400).length}`);
    assert.equal(done.runningRequests, '0');
    const { batch } = await me.get(`/${mixed.id}?detailed=true`);
    assert.deepEqual(batch.requests.map(({ response }) => response.statusCode), mixedCalls.map(({ status }) => status));
    const some = [mixed.requests[2].id, mixed.requests[0].id];
    const chosen = await me.get(`/${mixed.id}?requestIds=${some[0]}&request_ids=${some[1]}`);
    assert.deepEqual(chosen.batch.requests.map(({ id }) => id), some);
  },

  async 'fetch its results'() {
    const { batch, position } = await me.get(`/${mixed.id}/results?after=0`);
    assert.equal(position, `${mixedCalls.length}`);
    const seen = new Map(batch.requests.map(({ id, response }) => [id, response]));
    mixedCalls.forEach((call, i) => {
      const response = seen.get(mixed.requests[i].id);
      assert.equal(response.statusCode, call.status, call.path);
      assert.equal(response.size, `${bytes(response).length}`);
      call.check(bytes(response));
    });
    const ids = [mixed.requests[4].id, mixed.requests[1].id];
    const some = await me.get(`/${mixed.id}/results?requestIds=${ids[0]}&requestIds=${ids[1]}&requestFields=path,response.statusCode`);
    assert.deepEqual(some.batch.requests.map(({ id, path, response }) => [id, path, response.statusCode]),
      [[ids[0], 'sample/items/0', 404], [ids[1], '/sample/numbers', 200]]);
  },

  async 'fetch pages behind a position'() {
    const { id } = await reader.create(Array(3).fill({ path: 'sample/bytes?size=1500000' }));
    await until('the batch is done', async () => (await reader.get(`/${id}`)).batch.runningRequests === '0');
    const positions = [];
    for (let after = '0'; ; after = positions.at(-1)) {
      const page = await reader.get(`/${id}/results?after=${after}`);
      if (page.batch.requests.length === 0) break;
      assert.equal(bytes(page.batch.requests[0].response).length, 1_500_000);
      positions.push(page.position);
    }
    assert.deepEqual(positions, ['1', '2', '3']);
  },

  async 'cut a stream of results after three while the batch runs'() {
    cut = await me.create(slowTail(12, 1000));
    const abort = new AbortController();
    const positions = [];
    for await (const { position, request } of records(await me.open('GET', `/${cut.id}/results:stream`, { signal: abort.signal }))) {
      assert.equal(request.response.statusCode, 200);
      positions.push(position);
      if (positions.length === 3) break;
    }
    abort.abort();
    assert.deepEqual(positions, ['1', '2', '3']);
    assert.notEqual((await me.get(`/${cut.id}`)).batch.runningRequests, '0', 'the stream waited for the slow call');
  },

  async 'go on behind the third to the end'() {
    const all = await collect(records(await me.open('GET', `/${cut.id}/results:stream?after=3`)));
    assert.deepEqual(all.map(({ position }) => position), ['4', '5', '6', '7', '8', '9', '10', '11', '12', '12']);
    assert.deepEqual(all.at(-1).end, { runningRequests: '0' });
  },

  async 'cancel a batch'() {
    cancelled = await me.create(Array(20).fill({ path: 'sample/slow?ms=60000' }));
    assert.equal((await me.post(`/${cancelled.id}:cancel`, {})).batch.state, 'BATCH_STATE_CANCELLED');
    const all = await collect(records(await me.open('GET', `/${cancelled.id}/results:stream`)));
    assert.equal(all.length, 21);
    for (const { request } of all.slice(0, -1)) {
      assert.equal(request.response.statusCode, 499);
      assert.equal(request.response.error.code, 1);
    }
  },

  async 'list the batches, newest first, in pages'() {
    const first = await me.get('?limit=2');
    assert.deepEqual(first.batches.map(({ id }) => id), [cancelled.id, cut.id]);
    const second = await me.get(`?limit=2&pageToken=${encodeURIComponent(first.nextPageToken)}`);
    assert.deepEqual([second.batches.map(({ id }) => id), second.nextPageToken], [[mixed.id], '']);
  },

  async 'somebody else finds none of it'() {
    assert.deepEqual((await somebodyElse.get('')).batches, []);
    for (const [method, path, body] of [
      ['GET', ''], ['GET', '/results'], ['GET', '/results:stream'], ['POST', ':cancel', {}], ['DELETE', ''],
    ]) {
      const error = await somebodyElse.fail(404, method, `/${mixed.id}${path}`, { body });
      const { resourceType, resourceName } = detail(error, NOT_FOUND, 'ResourceInfo');
      assert.deepEqual([resourceType, resourceName], ['batch', mixed.id]);
    }
  },

  async 'delete a batch'() {
    assert.equal((await me.delete(`/${mixed.id}`)).batch.id, mixed.id);
    detail(await me.fail(404, 'GET', `/${mixed.id}`), NOT_FOUND, 'ResourceInfo');
  },

  async 'run a keyed batch'() {
    const { replies } = await me.post(':run', { calls: [
      { key: 'a', request: { path: 'sample/numbers' } }, { key: '', request: { path: 'sample/items/0' } },
      { key: 'bad', request: { path: 'sample/items', method: 'STEAL' } },
    ] });
    assert.deepEqual(replies.map(({ key, response }) => [key, response.statusCode]), [['a', 200], ['', 404], ['bad', 400]]);
    assert.equal(bytes(replies[0].response).toString(), '{"n": 12345678901234567890, "d": 1.10}');
    const { error } = replies[2].response;
    assert.deepEqual(detail(error, INVALID_ARGUMENT, 'BadRequest').fieldViolations.map(({ field }) => field), ['method']);
    const twice = { key: 'twice', request: { path: 'sample/numbers' } };
    assert.deepEqual(violations(await me.fail(400, 'POST', ':run', { body: { calls: [twice, twice] } })), ['calls[1].key']);
  },

  async 'send and receive several MiB, compressed or not'() {
    const text = 'large '.repeat(1024 * 1024);
    const half = 'half '.repeat(512 * 1024);
    const [{ ...call }] = requests([{ path: 'sample/echo', method: 'POST', headers: { 'content-type': 'text/plain' } }]);
    const asked = (sent) => ({ ...call, body: Buffer.from(sent).toString('base64') });
    const eitherWay = async (path, json, check) => {
      const body = Buffer.from(JSON.stringify(json));
      for (const options of [{ body }, { body: gzipSync(body), headers: { 'content-encoding': 'gzip' } }]) {
        await check(await me.fail(200, 'POST', path, options));
      }
    };
    await eitherWay(':run', { calls: [{ key: 'a', request: asked(half) }] }, ({ replies: [{ response }] }) =>
      assert.equal(JSON.parse(bytes(response)).body, half));
    // No message is larger than what clients of gRPC accept by default.
    await eitherWay(':run', { calls: [{ key: 'a', request: asked(text) }] }, ({ replies: [{ response }] }) => {
      assert.equal(response.statusCode, 502);
      assert.equal(detail(response.error, RESOURCE_EXHAUSTED, 'ErrorInfo').reason, 'REPLY_TOO_LARGE');
    });
    await eitherWay('', { requests: [asked(text)] }, async ({ batch: { id, requests: [{ id: requestId }] } }) => {
      await until('the batch is done', async () => (await me.get(`/${id}`)).batch.runningRequests === '0');
      const { batch: { requests: [{ response }] } } = await me.get(`/${id}/results?after=0`);
      assert.deepEqual([response.statusCode, response.bodyOmitted, response.body], [200, true, '']);
      const read = await me.open('GET', `/../../v0/batch/${id}/requests/${requestId}/body`);
      assert.equal(read.status, 200);
      const body = Buffer.from(await read.arrayBuffer());
      assert.equal(response.size, `${body.length}`);
      assert.equal(JSON.parse(body).body, text);
    });
  },

  async 'what is bad is refused with every problem named'() {
    assert.deepEqual(violations(await me.fail(400, 'POST', '', { body: { requests: requests(badCalls) } })),
      ['requests[1].path', 'requests[2].method']);
    assert.deepEqual(violations(await me.fail(400, 'POST', '', { body: {} })), ['requests']);
    for (const body of ['no JSON', '[]', '{"requests": [{"path": 7}]}', '{"unknown": 1}']) {
      assert.equal((await me.fail(400, 'POST', '', { body: Buffer.from(body) })).code, INVALID_ARGUMENT, body);
    }
    assert.equal((await me.fail(400, 'GET', `/${cut.id}/results?after=many`)).code, INVALID_ARGUMENT);
    assert.deepEqual(violations(await me.fail(400, 'GET', '/seven')), ['batch_id']);
    detail(await me.fail(404, 'GET', '/1234567890123456'), NOT_FOUND, 'ResourceInfo');
    assert.equal((await me.fail(404, 'GET', `/${cut.id}/nothing`)).code, NOT_FOUND);
    assert.equal((await me.fail(405, 'PUT', `/${cut.id}`)).code, 12);
  },
});
