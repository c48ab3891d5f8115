// The caller's batches, newest first.

import { formatBytes, formatCount, formatTime, h, showError } from './dom.js';
import { events, read } from './api.js';

const PAGE = 50;
const RETURN_AFTER = 1000;

/** Shows the list, and what becomes of the batches in it, until the signal says to stop. */
export async function showBatches(main, signal) {
  const rows = h('tbody');
  const problem = h('div');
  const more = h('button', { type: 'button', hidden: true, onclick: () => loadOlder().catch(fail) }, 'Older batches');
  const none = h('p', { hidden: true }, 'There is no batch of this caller. ', h('a', { href: '#/submit' }, 'Submit one.'));
  main.replaceChildren(
    h('h1', { tabindex: '-1' }, 'Batches'),
    problem,
    none,
    h('table', { class: 'batches' },
      h('caption', { class: 'hidden' }, 'Batches, newest first'),
      h('thead', {}, h('tr', {}, ...['Batch', 'Accepted', 'State', 'Progress', 'Failed', 'Responses'].map(name => h('th', { scope: 'col' }, name)))),
      rows),
    more);

  const known = new Map();
  // Where the older ones begin that are not listed yet; empty if there are none, null before it is known.
  let next = null;
  const fail = error => error.name !== 'AbortError' && !signal.aborted && showError(problem, error);

  // A batch that is new goes to its place, a known one is brought up to date.
  function show(batch, place) {
    let row = known.get(batch.id);
    if (!row) {
      row = createRow(batch.id);
      known.set(batch.id, row);
      place(row.element);
    }
    row.update(batch);
  }

  function remove(id) {
    known.get(id)?.element.remove();
    known.delete(id);
  }

  async function loadOlder() {
    const reply = await read(`api/v0/batch?limit=${PAGE}&page_token=${next}`, { signal });
    reply.Batches.forEach(batch => show(batch, element => rows.append(element)));
    next = reply.nextPageToken ?? '';
    more.hidden = next === '';
  }

  // Puts the newest into the order of the list.
  async function arrange() {
    let before = null;
    for (const batch of (await read(`api/v0/batch?limit=${PAGE}`, { signal })).Batches) {
      show(batch, element => rows.prepend(element));
      const { element } = known.get(batch.id);
      if ((before ? before.nextElementSibling : rows.firstElementChild) !== element) {
        (before ? before.after.bind(before) : rows.prepend.bind(rows))(element);
      }
      before = element;
    }
  }

  // Behind the newest that are watched. It is asked for once: what comes later is newer.
  async function findOlder() {
    next = (await read(`api/v0/batch?limit=${PAGE}`, { signal })).nextPageToken ?? '';
    more.hidden = next === '';
  }

  // The stream begins anew with all that it watches: what it does not name until it is current was deleted meanwhile.
  async function watch() {
    const named = new Set();
    let isCurrent = false;
    for await (const record of events(`api/v0/batch/watch?limit=${PAGE}`, signal)) {
      problem.replaceChildren();
      if (record.Batch) {
        named.add(record.Batch.id);
        const isNew = !known.has(record.Batch.id);
        show(record.Batch, element => rows.prepend(element));
        // It may be an old one, which is among the newest again because another was deleted.
        if (isNew && isCurrent) {
          await arrange();
        }
      } else if (record.removed) {
        remove(record.removed);
      } else if (record.current && !isCurrent) {
        isCurrent = true;
        forget(named);
        if (next === null) {
          await findOlder();
        }
      } else if (record.message) {
        throw new Error(record.message);
      }
      none.hidden = known.size > 0 || !isCurrent;
    }
  }

  // Older pages may have been listed behind those that are watched.
  function forget(named) {
    const last = [...named].map(id => known.get(id).element)
      .reduce((low, element) => low && !(low.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) ? low : element, null);
    for (const [id, { element }] of [...known]) {
      const isOlder = named.size === PAGE && last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (!named.has(id) && !isOlder) {
        remove(id);
      }
    }
  }

  while (!signal.aborted) {
    try {
      await watch();
    } catch (error) {
      fail(error);
    }
    await new Promise(resolve => setTimeout(resolve, RETURN_AFTER));
  }
}

function createRow(id) {
  const [accepted, state, failed, size] = [h('td'), h('td'), h('td', { class: 'number' }), h('td', { class: 'number' })];
  const bar = h('progress', { 'aria-label': `Progress of batch ${id}` });
  const words = h('span');
  const element = h('tr', {},
    h('th', { scope: 'row' }, h('a', { href: `#/batch/${id}` }, id)), accepted, state, h('td', {}, bar, ' ', words), failed, size);
  return {
    element,
    update(batch) {
      const finished = batch.totalRequests - batch.runningRequests;
      accepted.textContent = formatTime(batch.created * 1000);
      state.textContent = batch.state.toLowerCase();
      bar.max = Math.max(1, batch.totalRequests);
      bar.value = finished;
      words.textContent = `${formatCount(finished)} of ${formatCount(batch.totalRequests)}`;
      failed.textContent = formatCount(batch.failedRequests);
      size.textContent = formatBytes(batch.responseSize);
    },
  };
}
