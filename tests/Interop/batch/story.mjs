// What the Node clients have in common: the calls they batch, and how they report.
import assert from 'node:assert/strict';

const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

/** A credential that no run before used, so every run starts with an empty list of batches. */
export const credential = (name) => `Bearer ${name}-${process.pid}-${Date.now()}`;

/** The calls of the mixed batch and what has to come back, whatever protocol carries them. */
export const mixedCalls = [
  {
    path: 'sample/items', params: { limit: 3, sort: '-id' }, status: 200,
    check: (body) => assert.deepEqual(JSON.parse(body).items.map((item) => item.id), [25000, 24999, 24998]),
  },
  {
    path: '/sample/numbers', status: 200,
    check: (body) => assert.equal(body.toString(), '{"n": 12345678901234567890, "d": 1.10}'),
  },
  {
    path: 'sample/image.png', status: 200, binary: true,
    check: (body) => assert.deepEqual(body.subarray(0, 8), pngSignature),
  },
  { path: 'sample/empty', status: 204, check: (body) => assert.equal(body.length, 0) },
  { path: 'sample/items/0', status: 404, check: (body) => assert.equal(JSON.parse(body).status, 404) },
  { path: 'sample/fail?status=500', status: 500, check: (body) => assert.equal(JSON.parse(body).status, 500) },
  { path: 'sample/text', status: 200, check: (body) => assert.match(body.toString(), /日本語/) },
  {
    path: 'sample/items', method: 'post', body: { name: 'from a batch' }, status: 201,
    check: (body) => assert.equal(JSON.parse(body).name, 'from a batch'),
  },
  {
    path: 'sample/echo/a%20b?x=1', method: 'PUT', params: { list: ['p', 'q'], flag: true, n: 7 },
    headers: { 'X-Trace': 'abc' }, body: { deep: [1, { er: null }] }, status: 200,
    check: (body) => {
      const echo = JSON.parse(body);
      assert.equal(echo.method, 'PUT');
      assert.equal(echo.path, '/sample/echo/a%20b');
      assert.deepEqual(echo.params, { x: ['1'], list: ['p', 'q'], flag: ['true'], n: ['7'] });
      assert.equal(echo.headers['x-trace'], 'abc');
      assert.match(echo.headers['content-type'], /^application\/json/);
      assert.deepEqual(JSON.parse(echo.body), { deep: [1, { er: null }] });
    },
  },
  {
    path: 'sample/slow', params: { ms: 300 }, status: 200,
    check: (body) => assert.equal(JSON.parse(body).message, 'At last'),
  },
];

/** Calls that keep a batch busy for a while: one that is slow after some that are not. */
export const slowTail = (count, milliseconds) => [
  ...Array.from({ length: count - 1 }, (_, i) => ({ path: `sample/items/${i + 1}` })),
  { path: 'sample/slow', params: { ms: milliseconds } },
];

/** Three requests of which the second and the third are bad. */
export const badCalls = [{ path: 'sample/items' }, { path: 'http://elsewhere.example/' }, { path: 'sample/items', method: 'STEAL' }];

/** Asks again and again until the answer is there, for a minute at most. */
export async function until(what, ask) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(Date.now() < deadline, `gave up after a minute waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Everything that a stream yields. */
export async function collect(stream) {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
}

/** Runs the steps in order and reports each; the last line tells that none is missing. */
export async function run(steps) {
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step();
      console.log(`ok ${name}`);
    } catch (error) {
      console.error(`failed ${name}`);
      throw error;
    }
  }
  console.log(`all ${Object.keys(steps).length} steps ok`);
}
