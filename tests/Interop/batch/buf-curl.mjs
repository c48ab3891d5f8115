// The gateway with buf curl, which knows it by reflection only: node buf-curl.mjs HOST:PORT BUF
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { credential, mixedCalls, run, slowTail, until } from './story.mjs';

const [address, buf] = process.argv.slice(2);

/** Runs buf curl. Its exit code is 8 times the gRPC code (https://buf.build/docs/reference/cli/buf/curl/). */
function curl(method, request, authorization) {
  const args = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--header', `authorization: ${authorization}`];
  if (request === undefined) args.push('--list-methods', `http://${address}`);
  else args.push('--data', '@-', `http://${address}/${method}`);
  const child = spawn(buf, args, { timeout: 120_000 });
  // The messages of a stream follow each other.
  child.stdin.end([request ?? []].flat().map((message) => JSON.stringify(message)).join('\n'));
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit, signal) => resolve({ code: exit / 8, out, err: err + (signal ?? '') }));
  });
}

function client(authorization) {
  const all = async (name, request) => {
    const { code, out, err } = await curl(`batch.v1.BatchService/${name}`, request, authorization);
    assert.equal(code, 0, err);
    // The messages of a stream follow each other; only a message begins with a brace in the first column.
    return out.split(/\n(?=\{)/).map((text) => JSON.parse(text));
  };
  return {
    all,
    call: async (name, request) => (await all(name, request))[0],
    fail: async (name, request) => {
      const { code, err } = await curl(`batch.v1.BatchService/${name}`, request, authorization);
      return { code, error: JSON.parse(err) };
    },
  };
}

const requests = (calls) => calls.map(({ path, method, params, headers, body }) => ({
  path, method, params, headers, body: body && Buffer.from(JSON.stringify(body)).toString('base64'),
}));
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const me = client(credential('buf'));
const uploader = client(credential('buf-uploader'));
const somebodyElse = client(credential('buf-somebody-else'));
let mixed;
let cancelled;

await run({
  async 'list the methods'() {
    const { code, out, err } = await curl(undefined, undefined, 'none');
    assert.equal(code, 0, err);
    for (const method of ['CreateBatch', 'UploadBatch', 'GetBatchStatus', 'FetchBatch', 'FetchResults', 'ListBatches', 'CancelBatch', 'DeleteBatch']) {
      assert.ok(out.split('\n').includes(`batch.v1.BatchService/${method}`), out);
    }
  },

  async 'submit a mixed batch'() {
    mixed = (await me.call('CreateBatch', { requests: requests([...mixedCalls, ...slowTail(1, 500)]) })).batch;
    assert.match(mixed.id, /^[0-9]{16}$/);
    assert.equal(mixed.totalRequests, `${mixedCalls.length + 1}`);
  },

  async 'poll its status'() {
    await until('the batch is done', async () => {
      const { batch } = await me.call('GetBatchStatus', { batchId: mixed.id });
      return batch.state === 'BATCH_STATE_DONE';
    });
  },

  async 'fetch its pages until nothing is left'() {
    const seen = new Map();
    await until('every result is fetched', async () => {
      const { batch } = await me.call('FetchBatch', { batchId: mixed.id });
      for (const request of batch.requests ?? []) seen.set(request.id, request.response);
      return !batch.requests;
    });
    assert.equal(seen.size, mixedCalls.length + 1);
    mixedCalls.forEach((call, i) => {
      const response = seen.get(mixed.requests[i].id);
      assert.equal(response.statusCode, call.status);
      call.check(Buffer.from(response.body ?? '', 'base64'));
    });
  },

  async 'stream the results from the start, and from the middle'() {
    const count = mixedCalls.length + 1;
    const all = await me.all('FetchResults', { batchId: mixed.id, after: 0 });
    assert.deepEqual(all.slice(0, -1).map((message) => Number(message.position)), Array.from({ length: count }, (_, i) => i + 1));
    assert.ok(all.at(-1).end);
    const rest = await me.all('FetchResults', { batchId: mixed.id, after: 4 });
    assert.deepEqual(rest, all.slice(4));
  },

  async 'cancel a batch'() {
    cancelled = (await me.call('CreateBatch', { requests: requests(Array(20).fill({ path: 'sample/slow?ms=60000' })) })).batch;
    await me.call('CancelBatch', { batchId: cancelled.id });
    const results = (await me.all('FetchResults', { batchId: cancelled.id })).slice(0, -1);
    assert.deepEqual(results.map((message) => message.request.response.statusCode), Array(20).fill(499));
  },

  async 'upload a batch in three messages'() {
    const messages = [0, 1, 2].map((i) => ({ requests: requests(Array(5).fill({ path: `sample/echo?message=${i}` })) }));
    const { batch } = await uploader.call('UploadBatch', messages);
    assert.equal(batch.totalRequests, '15');
    const results = (await uploader.all('FetchResults', { batchId: batch.id, requestFields: 'index,path' })).slice(0, -1);
    const paths = new Map(results.map(({ request }) => [request.index, request.path]));
    assert.deepEqual([...Array(15).keys()].map((i) => paths.get(i)), messages.flatMap((message) => message.requests.map(({ path }) => path)));
  },

  async 'list the batches'() {
    const { batches } = await me.call('ListBatches', {});
    assert.deepEqual(batches.map((batch) => batch.id), [cancelled.id, mixed.id]);
  },

  async 'somebody else finds none of it'() {
    assert.equal((await somebodyElse.call('ListBatches', {})).batches, undefined);
    for (const name of ['GetBatchStatus', 'FetchBatch', 'FetchResults', 'CancelBatch', 'DeleteBatch']) {
      assert.equal((await somebodyElse.fail(name, { batchId: mixed.id })).code, NOT_FOUND);
    }
  },

  async 'delete a batch'() {
    await me.call('DeleteBatch', { batchId: mixed.id });
    assert.equal((await me.fail('GetBatchStatus', { batchId: mixed.id })).code, NOT_FOUND);
  },

  async 'a bad batch is refused with every problem named'() {
    const { code, error } = await me.fail('CreateBatch', { requests: [{ path: '//elsewhere.example/' }, { path: 'sample/items', method: 'STEAL' }] });
    assert.equal(code, INVALID_ARGUMENT);
    const detail = error.details.find(({ type }) => type === 'google.rpc.BadRequest');
    // buf shows the details of an error as they came, in base64; the names of the fields stand in them as they are.
    const named = Buffer.from(detail.value, 'base64').toString().match(/requests\[\d\]\.[a-z]+/g);
    assert.deepEqual(named, ['requests[0].path', 'requests[1].method']);
  },
});
