// Runs the batches of FetchStorageAdapter, unmodified, through the gateway. The API behind the gateway is a
// small store of values at the port that this program is given; the gateway is told the same port.
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';
import 'regenerator-runtime/runtime.js';

const [gateway, apiPort] = process.argv.slice(2);
const { window } = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
Object.assign(globalThis, { window, document: window.document });
const require = createRequire(import.meta.url);
const { default: FetchStorageAdapter } = require('@deskpro/apps-sdk/lib/Storage/FetchStorageAdapter.js');

const values = new Map();
const calls = [];
const api = http.createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
  }

  const { pathname, search } = new URL(request.url, 'http://api');
  calls.push(`${request.method} ${pathname}${search}`);
  const reply = (status, json) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(json));
  };
  if (pathname.endsWith('/locked')) {
    reply(403, { status: 403, code: 'forbidden', message: 'This value is locked' });
  } else if (request.method === 'PUT') {
    values.set(pathname, JSON.parse(body).value);
    reply(200, { value: JSON.parse(body).value });
  } else if (request.method === 'DELETE') {
    values.delete(pathname);
    reply(200, {});
  } else if (values.has(pathname)) {
    reply(200, { value: values.get(pathname) });
  } else {
    reply(404, { status: 404, code: 'not_found', message: 'There is no such value' });
  }
});
await new Promise(ready => api.listen(Number(apiPort), '127.0.0.1', ready));

// What the page around an app does with the adapter's calls: a fetch below the API's base address.
const outgoingDispatcher = {
  async emitAsync(event, { url, init }) {
    const response = await fetch(`http://${gateway}/api/v2/${url}`, init);
    assert.equal(response.status, 200);
    return { body: await response.json() };
  },
};
const props = Promise.resolve({ instanceId: 12, outgoingDispatcher });
const adapter = new FetchStorageAdapter();
const entity = 'ticket:42';
let steps = 0;
const step = async (name, run) => {
  await run();
  steps++;
  console.log(`ok ${name}`);
};

await step('a batch of values is stored', async () => {
  const list = [
    ['color', 'blue'],
    ['count', 7],
    ['settings', { nested: [1, { deep: true }], text: 'ünïcode 😀' }],
    ['zero', 'x'],
  ];
  assert.deepEqual(await adapter.handleSetBatchStorage(props, list, entity), []);
  assert.deepEqual(values.get('/api/v2/apps/12/state/ticket:42/settings'), list[2][1]);
  assert.deepEqual([...calls].sort(), [
    'PUT /api/v2/apps/12/state/ticket:42/color',
    'PUT /api/v2/apps/12/state/ticket:42/count',
    'PUT /api/v2/apps/12/state/ticket:42/settings',
    'PUT /api/v2/apps/12/state/ticket:42/zero',
  ]);
});

await step('a batch of values is read, with the default for one that is missing', async () => {
  calls.length = 0;
  const read = await adapter.handleGetBatchStorage(props, ['settings', 'missing', 'color', 'count'], entity, 'none');
  assert.deepEqual(read, {
    settings: { nested: [1, { deep: true }], text: 'ünïcode 😀' },
    missing: 'none',
    color: 'blue',
    count: 7,
  });
  assert.deepEqual(Object.keys(read), ['settings', 'missing', 'color', 'count']);
  assert.ok(calls.includes('GET /api/v2/apps/12/state/ticket:42/color?options.mode=find'));
});

await step('null deletes a value in the same batch that sets another', async () => {
  assert.deepEqual(await adapter.handleSetBatchStorage(props, [['color', null], ['count', 8]], entity), []);
  assert.equal(values.has('/api/v2/apps/12/state/ticket:42/color'), false);
  assert.equal(values.get('/api/v2/apps/12/state/ticket:42/count'), 8);
});

await step('what could not be stored is told', async () => {
  const failures = await adapter.handleSetBatchStorage(props, [['locked', 1], ['zero', 0]], entity);
  assert.deepEqual(failures, [['locked', 1]]);
});

console.log(`all ${steps} steps ok`);
process.exit(0);
