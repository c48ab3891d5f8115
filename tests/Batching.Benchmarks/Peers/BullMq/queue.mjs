// Jobs that each make one HTTP GET and keep the body as their result, as the documentation of BullMQ has it: one queue,
// one worker with many jobs at a time, jobs added in bulk. Started with the ports of its own control, Redis, and the API.
// Each line it is sent, "<jobs> <concurrency> <bytes of a body>", is a round; it answers with a line when the last job of
// it is completed.
import http from 'node:http';
import net from 'node:net';
import readline from 'node:readline';
import { Queue, Worker } from 'bullmq';

const [control, redis, api] = process.argv.slice(2).map(Number);
const bulk = 1000;
const connection = { host: '127.0.0.1', port: redis, maxRetriesPerRequest: null };
const queue = new Queue('calls', { connection });

function get(agent, path, size) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port: api, path, agent }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(parts);
        if (response.statusCode !== 200 || body.length !== size) {
          reject(new Error(`${response.statusCode} with ${body.length} bytes`));
          return;
        }
        resolve(body.toString());
      });
    });
    request.on('error', reject);
  });
}

async function run(jobs, concurrency, size) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const worker = new Worker('calls', (job) => get(agent, job.data.path, size), { connection, concurrency, autorun: false });
  let left = jobs;
  const done = new Promise((resolve, reject) => {
    worker.on('completed', (job, result) => {
      if (result.length !== size) {
        reject(new Error('a result is not the body'));
      } else if (--left === 0) {
        resolve();
      }
    });
    worker.on('failed', (job, error) => reject(error));
    worker.on('error', reject);
  });
  worker.run();
  for (let first = 0; first < jobs; first += bulk) {
    const count = Math.min(bulk, jobs - first);
    await queue.addBulk(Array.from({ length: count }, (_, i) => ({ name: 'get', data: { path: `/items/${first + i}` } })));
  }
  await done;
  await worker.close();
  agent.destroy();
}

// Answers when all is done, and then clears up: the next round waits for that.
async function answer(line, socket) {
  const [jobs, concurrency, size] = line.split(' ').map(Number);
  try {
    await run(jobs, concurrency, size);
    // What is completed is there to be asked for.
    const kept = await queue.getCompletedCount();
    socket.write(kept === jobs ? 'done\n' : `${kept} of ${jobs} kept\n`);
    await queue.obliterate({ force: true });
  } catch (error) {
    socket.write(`${error}\n`);
  }
}

let last = queue.waitUntilReady();
net
  .createServer((socket) => {
    readline.createInterface({ input: socket }).on('line', (line) => {
      last = last.then(() => answer(line, socket));
    });
  })
  .listen(control, '127.0.0.1');
