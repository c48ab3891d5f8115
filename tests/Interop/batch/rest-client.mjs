// The gateway over its v0 REST paths, with nothing but fetch: node rest-client.mjs URL
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { badCalls, collect, credential, mixedCalls, run, slowTail, until } from './story.mjs';

const [address] = process.argv.slice(2);
const root = `${address}/api/v0/batch`;

/** All calls of one credential. A reply is its HTTP status, its text and, parsed, its JSON. */
function client(authorization) {
  const call = (method) => async (path, body, headers = {}) => {
    const response = await fetch(root + path, {
      method, body, headers: { authorization, ...headers }, signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    assert.match(response.headers.get('content-type'), /^application\/json/);
    return { status: response.status, text, json: JSON.parse(text) };
  };
  return {
    get: call('GET'),
    post: call('POST'),
    delete: call('DELETE'),
    create: async (calls) => succeed(await call('POST')('', JSON.stringify(calls.map(asPosted)))),
    stream: (path, options) => fetch(root + path, {
      ...options, headers: { authorization, ...options?.headers }, signal: options?.signal ?? AbortSignal.timeout(60_000),
    }),
  };
}

const asPosted = ({ path, method, params, headers, body }) => ({ path, method, params, headers, body });

/** The batch of a reply, which must be a success. */
function succeed({ status, text, json }) {
  assert.equal(status, 200, text);
  assert.equal(json.statusCode, 200);
  return json.Batch;
}

function fail(expected, { status, json }) {
  assert.equal(status, expected, JSON.stringify(json));
  assert.equal(json.statusCode, expected);
  assert.equal(typeof json.message, 'string');
  return json;
}

/** The bytes that a result's `response` stands for. */
function bytes({ response, responseEncoding }) {
  if (responseEncoding === 'base64') return Buffer.from(response, 'base64');
  return Buffer.from(typeof response === 'string' ? response : JSON.stringify(response));
}

/** The records of a stream, one JSON text each, from NDJSON or from server-sent events. */
async function* records(response) {
  assert.equal(response.status, 200);
  const events = response.headers.get('content-type').startsWith('text/event-stream');
  const separator = events ? '\n\n' : '\n';
  let rest = '';
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    const pieces = (rest + part).split(separator);
    rest = pieces.pop();
    for (const piece of pieces) {
      const text = events
        ? piece.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n')
        : piece;
      if (text.trim()) yield JSON.parse(text);
    }
  }
  assert.equal(rest, '', 'the stream ends with a whole record');
}

const token = credential('node-rest');
const me = client(token);
const somebodyElse = client(credential('node-rest-somebody-else'));
let mixed;
let cut;
let cancelled;

await run({
  async 'submit a mixed batch'() {
    mixed = await me.create(mixedCalls);
    assert.match(mixed.id, /^[0-9]{16}$/);
    assert.equal(mixed.totalRequests, mixedCalls.length);
    assert.equal(typeof mixed.created, 'number');
    mixedCalls.forEach((call, i) => {
      const { id, created, done, ...rest } = mixed.Requests[i];
      assert.match(id, /^[0-9]{16}$/);
      assert.equal(typeof created, 'number');
      assert.equal(done, false);
      assert.deepEqual(rest, {
        spawnedBy: Number(mixed.id), path: call.path, method: (call.method ?? 'GET').toUpperCase(),
        ...(call.params && { params: call.params }),
      });
    });
  },

  async 'poll its status'() {
    const status = await until('the batch is done', async () => {
      const batch = succeed(await me.get(`/${mixed.id}/status`));
      assert.deepEqual(Object.keys(batch).sort(), [
        'created', 'failedRequests', 'id', 'responseSize', 'runningRequests', 'state', 'totalRequests',
      ]);
      return batch.runningRequests === 0 && batch;
    });
    const { Requests: detailed } = succeed(await me.get(`/${mixed.id}/status?detailed=TRUE`));
    assert.deepEqual(detailed.map((r) => r.responseStatusCode), mixedCalls.map((call) => call.status));
    assert.equal(detailed.reduce((sum, r) => sum + r.responseSize, 0), status.responseSize);
    const some = [mixed.Requests[2].id, mixed.Requests[0].id];
    assert.deepEqual(succeed(await me.get(`/${mixed.id}/status?request_ids=${some}`)).Requests.map((r) => r.id), some);
  },

  async 'fetch its pages until nothing is left'() {
    const seen = new Map();
    await until('every result is fetched', async () => {
      const { text, ...reply } = await me.get(`/${mixed.id}`);
      const batch = succeed({ text, ...reply });
      if (batch.Requests.some((r) => r.path === '/sample/numbers')) {
        assert.ok(text.includes('{"n": 12345678901234567890, "d": 1.10}'), 'numbers stay as they are');
      }
      for (const request of batch.Requests) {
        assert.ok(!seen.has(request.id), `${request.path} came twice`);
        seen.set(request.id, request);
      }
      return batch.runningRequests === 0 && batch.Requests.length === 0;
    });
    mixedCalls.forEach((call, i) => {
      const result = seen.get(mixed.Requests[i].id);
      assert.equal(result.responseStatusCode, call.status, call.path);
      assert.equal(result.responseEncoding, call.binary ? 'base64' : undefined);
      assert.equal(typeof result.done, 'number');
      if (call.path === '/sample/numbers') return;
      const body = bytes(result);
      if (typeof result.response === 'string') assert.equal(body.length, result.responseSize);
      call.check(body);
    });
  },

  async 'fetch some of them again by id, and only some fields'() {
    const ids = [mixed.Requests[4].id, mixed.Requests[1].id];
    const { Requests } = succeed(await me.get(`/${mixed.id}?request_ids=${ids}&request_fields=path,responseStatusCode`));
    assert.deepEqual(Requests, [
      { id: ids[0], path: 'sample/items/0', responseStatusCode: 404 },
      { id: ids[1], path: '/sample/numbers', responseStatusCode: 200 },
    ]);
  },

  async 'cut a stream of lines after three while the batch runs'() {
    cut = await me.create(slowTail(12, 1000));
    const abort = new AbortController();
    const response = await me.stream(`/${cut.id}/results`, { signal: abort.signal });
    assert.match(response.headers.get('content-type'), /^application\/x-ndjson/);
    const positions = [];
    for await (const record of records(response)) {
      positions.push(record.position);
      if (positions.length === 3) break;
    }
    abort.abort();
    assert.deepEqual(positions, [1, 2, 3]);
    assert.notEqual(succeed(await me.get(`/${cut.id}/status`)).runningRequests, 0, 'the stream waited for the slow call');
  },

  async 'go on behind the third to the end'() {
    const all = await collect(records(await me.stream(`/${cut.id}/results?after=3`)));
    assert.deepEqual(all.map((record) => record.position), [4, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
    assert.ok(all.slice(0, -1).every((record) => record.Request.responseStatusCode === 200));
    assert.deepEqual(all.at(-1), { end: true, position: 12, runningRequests: 0 });
  },

  async 'read the same as server-sent events'() {
    const response = await me.stream(`/${cut.id}/results?after=0`, { headers: { accept: 'text/event-stream' } });
    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    const all = await collect(records(response));
    assert.equal(all.length, 13);
    assert.equal(all.at(-1).end, true);
  },

  async 'cancel a batch'() {
    cancelled = await me.create(Array(20).fill({ path: 'sample/slow?ms=60000' }));
    succeed(await me.post(`/${cancelled.id}/cancel`));
    const results = (await collect(records(await me.stream(`/${cancelled.id}/results`)))).slice(0, -1);
    assert.equal(results.length, 20);
    for (const { Request } of results) {
      assert.equal(Request.responseStatusCode, 499);
      assert.equal(Request.response.error, 'CANCELLED');
    }
  },

  async 'list the batches, newest first'() {
    const { json } = await me.get('?limit=2');
    assert.ok(JSON.stringify(json).indexOf(cancelled.id) < JSON.stringify(json).indexOf(cut.id));
    assert.ok(!JSON.stringify(json).includes(mixed.id));
  },

  async 'somebody else finds none of it'() {
    for (const path of [`/${mixed.id}`, `/${mixed.id}/status`]) {
      assert.equal(fail(404, await somebodyElse.get(path)).error, 'NOT_FOUND');
    }
    fail(404, await somebodyElse.post(`/${mixed.id}/cancel`));
    fail(404, await somebodyElse.delete(`/${mixed.id}`));
    fail(404, await somebodyElse.get(`/${mixed.id}/results`));
    assert.ok(!(await somebodyElse.get('')).text.includes(mixed.id));
  },

  async 'a token in the query is as good as the header'() {
    const inQuery = `bearer_token=${encodeURIComponent(token.slice('Bearer '.length))}`;
    const response = await fetch(`${root}/${mixed.id}/status?${inQuery}`, { headers: { authorization: 'Basic eDp5' } });
    assert.equal(response.status, 200);
  },

  async 'delete a batch'() {
    succeed(await me.delete(`/${mixed.id}`));
    fail(404, await me.get(`/${mixed.id}/status`));
  },

  async 'an old client may compress, say what it likes about its JSON, and end paths with a slash'() {
    const body = gzipSync(JSON.stringify([{ path: 'sample/empty' }]));
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', undefined]) {
      const reply = await me.post('/', body, { 'content-encoding': 'gzip', ...(type && { 'content-type': type }) });
      assert.equal(succeed(reply).totalRequests, 1);
    }
  },

  async 'a bad batch is refused with every problem named'() {
    const body = JSON.stringify(badCalls);
    const refused = fail(400, await me.post('', body));
    assert.equal(refused.error, 'INVALID_ARGUMENT');
    assert.deepEqual(refused.errors.map((error) => error.field), ['[1].path', '[2].method']);
    const suppressed = await me.post('?suppress_response_codes=true', body);
    assert.equal(suppressed.status, 200);
    assert.deepEqual(suppressed.json, refused);
    for (const bad of ['{"path": "sample/items"}', '[]', '[{}]', 'no JSON']) fail(400, await me.post('', bad));
    fail(400, await me.get(`/${cut.id}/status?detailed=perhaps`));
    fail(404, await me.get('/1234567890123456'));
    fail(400, await me.get('/seven'));
  },
});
