// Submits a batch and streams its results: node examples/node.mjs [http://localhost:8080]
import { setTimeout as wait } from 'node:timers/promises';

const url = `${process.argv[2] ?? 'http://localhost:8080'}/api/v0/batch`;

const reply = await fetch(url, {
  method: 'POST',
  body: JSON.stringify([
    { path: 'sample/items', params: { limit: 2 } },
    { path: 'sample/image.png' },
    { path: 'sample/slow?ms=500' },
  ]),
});
if (!reply.ok) throw new Error(await reply.text());
const { id } = (await reply.json()).Batch;
console.log(`batch ${id}`);

// A stream may be cut at any time. It goes on behind the last result that is dealt with.
let after = 0;
while (!(await read())) await wait(1000);
console.log('done');

/** Reads a stream; false if it has ended before the batch. */
async function read() {
  try {
    const stream = await fetch(`${url}/${id}/results?after=${after}`);
    if (stream.status < 500 && !stream.ok) throw new TypeError('refused', { cause: await stream.text() });
    let rest = '';
    for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split('\n');
      rest = lines.pop();
      for (const record of lines.filter(Boolean).map(JSON.parse)) {
        if (record.end) return record.runningRequests === 0;
        if (record.Request) {
          console.log(`result ${record.position}: status ${record.Request.responseStatusCode}`);
          after = record.position;
        }
      }
    }
  } catch (error) {
    if (error.message === 'refused') throw error;
    console.log(`cut: ${error.message}`);
  }
  return false;
}
