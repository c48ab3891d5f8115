// Submits what failed as a new batch.

import { breathe, confirm, formatCount } from './dom.js';
import { read } from './api.js';

const REQUESTS_PER_BATCH = 10000;
const IDS_PER_CALL = 100;
const MAX_KEPT = 20;
const SLICE = 256 * 1024;

// The gateway gives back neither bodies nor header fields. What was submitted here is kept, as long as the page is open.
const submissions = new Map();

/** Keeps what a batch was submitted as; of the last ones only. */
export function remember(id, blob) {
  submissions.set(id, blob);
  if (submissions.size > MAX_KEPT) {
    submissions.delete(submissions.keys().next().value);
  }
}

/** Asks, and submits. Returns the id of the new batch, the last one if there are several; null if there is none. */
export async function retryFailed(batchId, results, signal) {
  const failed = [];
  for (let at = 0; at < results.count; at++) {
    if (results.status(at) >= 400) {
      failed.push(at);
    }
  }

  const originals = submissions.has(batchId) ? await split(await submissions.get(batchId).text()) : null;
  // Pages of a spawner were never submitted themselves.
  const isOriginal = at => originals !== null && results.spawner(at) === batchId && results.index(at) < originals.length;
  const known = failed.filter(at => isOriginal(at) || !['POST', 'PUT', 'PATCH'].includes(results.method(at)));
  const methods = new Map();
  known.forEach(at => methods.set(results.method(at), (methods.get(results.method(at)) ?? 0) + 1));
  const lines = [
    known.length === 0
      ? 'Nothing of it can be submitted again from here.'
      : `Submits again: ${[...methods].map(([method, count]) => `${formatCount(count)} ${method}`).join(', ')}.`,
  ];
  if (known.some(at => !isOriginal(at))) {
    lines.push('The gateway does not give back the header fields of requests: those that were not submitted here are sent without them.');
  }
  if (known.length < failed.length) {
    lines.push(`Left out: ${formatCount(failed.length - known.length)} POST, PUT or PATCH whose bodies only their submitter has.`);
  }
  if (known.some(at => !['GET', 'HEAD', 'OPTIONS'].includes(results.method(at)))) {
    lines.push('Some of them change something. The API may have done it although they failed.');
  }
  if (known.length === 0) {
    await confirm('Retry what failed?', lines, null, 'Close');
    return null;
  }
  if (!await confirm('Retry what failed?', lines, 'Submit again', 'Not now')) {
    return null;
  }

  let id = null;
  for (let from = 0; from < known.length; from += REQUESTS_PER_BATCH) {
    const some = known.slice(from, from + REQUESTS_PER_BATCH);
    const texts = await collect(batchId, results, some, at => isOriginal(at) ? originals[results.index(at)] : null, signal);
    const body = new Blob(['[', texts.join(','), ']']);
    const reply = await read('api/v0/batch', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    id = reply.Batch.id;
    remember(id, body);
  }
  return id;
}

// The requests as texts of v0: as they were submitted, or as the gateway shows them.
async function collect(batchId, results, some, originalOf, signal) {
  const texts = some.map(originalOf);
  const missing = [...texts.keys()].filter(i => texts[i] === null);
  for (let from = 0; from < missing.length; from += IDS_PER_CALL) {
    const part = missing.slice(from, from + IDS_PER_CALL);
    const ids = part.map(i => results.id(some[i])).join();
    const reply = await read(
      `api/v1/batches/${batchId}/results?request_ids=${ids}&request_fields=path,method,params,params_json,query`, { signal });
    reply.batch.requests.forEach((request, i) => { texts[part[i]] = write(request); });
  }
  return texts;
}

// Params as text stay as they are, digit for digit.
function write(request) {
  const path = request.query.length === 0 ? request.path
    : `${request.path}${request.path.includes('?') ? '&' : '?'}${request.query
      .map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
  const params = request.paramsJson || (request.params ? JSON.stringify(request.params) : '');
  return `{"path":${JSON.stringify(path)},"method":${JSON.stringify(request.method)}${params ? `,"params":${params}` : ''}}`;
}

// The entries of an array as they are written. JSON.parse would change their digits.
async function split(text) {
  const entries = [];
  let depth = 0;
  let begin = -1;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (isString) {
      if (character === 0x5c) {
        at++;
      } else if (character === 0x22) {
        isString = false;
      }
    } else if (character === 0x22) {
      isString = true;
    } else if (character === 0x5b || character === 0x7b) {
      if (depth === 1) {
        begin = at;
      }
      depth++;
    } else if (character === 0x5d || character === 0x7d) {
      depth--;
      if (depth === 1) {
        entries.push(text.slice(begin, at + 1));
      }
    }
    if (at % SLICE === SLICE - 1) {
      await breathe();
    }
  }
  return entries;
}
