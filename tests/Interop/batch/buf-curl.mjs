// The gateway with buf curl, which knows it by reflection only: node buf-curl.mjs URL BUF PROTOCOL PROTOS
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { credential, mixedCalls, run, slowTail, until } from './story.mjs';

const [address, buf, protocol, protos] = process.argv.slice(2);

/** Runs buf curl. Its exit code is 8 times the gRPC code (https://buf.build/docs/reference/cli/buf/curl/). */
function curl(method, request, ...options) {
  const args = ['curl', '--protocol', protocol, ...options];
  // Over TLS the connection itself agrees on HTTP/2.
  args.push(...(address.startsWith('https:') ? ['--cacert', process.env.INTEROP_ROOT] : ['--http2-prior-knowledge']));
  if (request !== undefined) args.push('--data', '@-');
  args.push(method === undefined ? address : `${address}/${method}`);
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
  const credentials = ['--header', `authorization: ${authorization}`];
  const all = async (name, request) => {
    const { code, out, err } = await curl(`batch.v1.BatchService/${name}`, request, ...credentials);
    assert.equal(code, 0, err);
    // The messages of a stream follow each other; only a message begins with a brace in the first column.
    return out.split(/\n(?=\{)/).map((text) => JSON.parse(text));
  };
  return {
    all,
    call: async (name, request) => (await all(name, request))[0],
    fail: async (name, request) => {
      const { code, err } = await curl(`batch.v1.BatchService/${name}`, request, ...credentials);
      return { code, error: JSON.parse(err) };
    },
  };
}

const requests = (calls) => calls.map(({ path, method, params, headers, body }) => ({
  path, method, params, headers, body: body && Buffer.from(JSON.stringify(body)).toString('base64'),
}));
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/** What stands in a detail of an error. buf shows it as it came, in base64, and texts stand in that as they are. */
function detail(error, type) {
  const found = error.details.find((candidate) => candidate.type === `google.rpc.${type}`);
  assert.ok(found, JSON.stringify(error));
  return Buffer.from(found.value, 'base64').toString();
}

const me = client(credential('buf'));
const uploader = client(credential('buf-uploader'));
const somebodyElse = client(credential('buf-somebody-else'));
let mixed;
let cancelled;

await run({
  async 'list the services, without those for REST alone'() {
    for (const version of ['grpc-v1', 'grpc-v1alpha']) {
      const { code, out, err } = await curl(undefined, undefined, '--list-services', '--reflect-protocol', version);
      assert.equal(code, 0, err);
      assert.deepEqual(out.trim().split('\n').sort(), [
        'batch.v1.BatchService', 'batch.v1.GatewayService', 'batch.v1.KeyedBatchService', 'batch.v1.WebhookService',
        'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection',
      ]);
    }
    for (const method of ['V0BatchService/List', 'V2BatchService/Run']) {
      const { code, err } = await curl(`batch.rest.v1.${method}`, {});
      assert.notEqual(code, 0, 'reflection knows a service for REST');
      assert.match(err, /failed to (find|resolve)|not found/i);
    }
  },

  async 'a service for REST alone names the one to call'() {
    const instead = {
      'V0BatchService/List': 'BatchService', 'V0BatchService/Submit': 'BatchService',
      'V0BatchService/Stream': 'BatchService', 'V2BatchService/Run': 'KeyedBatchService',
    };
    for (const [method, service] of Object.entries(instead)) {
      const { code, err } = await curl(`batch.rest.v1.${method}`, {}, '--schema', protos);
      assert.equal(code, UNIMPLEMENTED, err);
      const error = JSON.parse(err);
      assert.ok(error.message.endsWith(` Call batch.v1.${service}.`), error.message);
    }
  },

  async 'list the methods'() {
    const { code, out, err } = await curl(undefined, undefined, '--list-methods');
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

  async 'fetch pages behind a position'() {
    const page = await me.call('FetchBatch', { batchId: mixed.id, after: 4 });
    assert.equal(page.position, `${mixedCalls.length + 1}`);
    assert.deepEqual(page.batch.requests.map(({ position }) => position), ['5', '6', '7', '8', '9', '10', '11'].slice(0, mixedCalls.length - 3));
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
    const first = await me.call('ListBatches', { limit: 1 });
    assert.deepEqual(first.batches.map((batch) => batch.id), [cancelled.id]);
    const second = await me.call('ListBatches', { limit: 1, pageToken: first.nextPageToken });
    assert.deepEqual([second.batches.map((batch) => batch.id), second.nextPageToken], [[mixed.id], undefined]);
  },

  async 'somebody else finds none of it'() {
    assert.equal((await somebodyElse.call('ListBatches', {})).batches, undefined);
    for (const name of ['GetBatchStatus', 'FetchBatch', 'FetchResults', 'CancelBatch', 'DeleteBatch']) {
      const { code, error } = await somebodyElse.fail(name, { batchId: mixed.id });
      assert.equal(code, NOT_FOUND);
      assert.ok(detail(error, 'ResourceInfo').includes(mixed.id));
    }
  },

  async 'delete a batch'() {
    await me.call('DeleteBatch', { batchId: mixed.id });
    assert.equal((await me.fail('GetBatchStatus', { batchId: mixed.id })).code, NOT_FOUND);
  },

  async 'a bad batch is refused with every problem named'() {
    const { code, error } = await me.fail('CreateBatch', { requests: [{ path: '//elsewhere.example/' }, { path: 'sample/items', method: 'STEAL' }] });
    assert.equal(code, INVALID_ARGUMENT);
    assert.deepEqual(detail(error, 'BadRequest').match(/requests\[\d\]\.[a-z]+/g), ['requests[0].path', 'requests[1].method']);
    for (const messages of [[], [{}]]) {
      const refused = await uploader.fail('UploadBatch', messages);
      assert.equal(refused.code, INVALID_ARGUMENT);
      assert.match(detail(refused.error, 'BadRequest'), /requests/);
    }
  },

  async 'run a keyed batch, and one that takes too long'() {
    const calls = [{ key: 'a', request: { path: 'sample/numbers' } }, { key: 'b', request: { path: 'sample/items/0' } }];
    const { code, out, err } = await curl('batch.v1.KeyedBatchService/RunBatch', { calls });
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out).replies.map(({ key, response }) => [key, response.statusCode]), [['a', 200], ['b', 404]]);
    const slow = { calls: [{ key: 'slow', request: { path: 'sample/slow?ms=30000' } }] };
    const late = await curl('batch.v1.KeyedBatchService/RunBatch', slow, '--timeout', '1s');
    assert.equal(late.code, DEADLINE_EXCEEDED, late.err);
  },

  async 'send and receive several MiB'() {
    const body = Buffer.alloc(3 * 1024 * 1024, 'large ').toString('base64');
    const headers = { 'content-type': 'text/plain' };
    const { batch } = await uploader.call('CreateBatch', { requests: [{ path: 'sample/echo', method: 'POST', headers, body }] });
    const [{ request }] = await uploader.all('FetchResults', { batchId: batch.id });
    assert.equal(JSON.parse(Buffer.from(request.response.body, 'base64')).body, Buffer.from(body, 'base64').toString());
  },

  async 'it is healthy'() {
    const check = await curl('grpc.health.v1.Health/Check', {});
    assert.equal(JSON.parse(check.out).status, 'SERVING', check.err);
    assert.equal((await curl('grpc.health.v1.Health/Check', { service: 'no.such.Service' })).code, NOT_FOUND);
    // The watch goes on for as long as the client listens.
    const watch = await curl('grpc.health.v1.Health/Watch', {}, '--timeout', '2s');
    assert.equal(JSON.parse(watch.out).status, 'SERVING', watch.err);
    assert.equal(watch.code, DEADLINE_EXCEEDED, watch.err);
  },
});
