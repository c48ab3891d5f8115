// The caller's batches, newest first.

import { formatBytes, formatCount, formatTime, h, showError } from './dom.js';
import { read } from './api.js';

const PAGE = 50;
const INTERVAL = 2000;

/** Shows the list, and what becomes of the batches in it, until the signal says to stop. */
export async function showBatches(main, signal) {
  const rows = h('tbody');
  const problem = h('div');
  const more = h('button', { type: 'button', hidden: true, onclick: () => load(next).catch(fail) }, 'Older batches');
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
  let next = null;
  const fail = error => error.name !== 'AbortError' && showError(problem, error);

  // New ones go to their places, known ones are brought up to date.
  async function load(token) {
    const reply = await read(`api/v0/batch?limit=${PAGE}${token ? `&page_token=${token}` : ''}`, { signal });
    problem.replaceChildren();
    let before = token ? rows.lastElementChild : null;
    for (const batch of reply.Batches) {
      let row = known.get(batch.id);
      if (!row) {
        row = createRow(batch.id);
        known.set(batch.id, row);
        if (before) {
          before.after(row.element);
        } else {
          rows.prepend(row.element);
        }
      }
      row.update(batch);
      before = row.element;
    }
    if (token || next === null) {
      next = reply.nextPageToken ?? '';
      more.hidden = next === '';
    }
    if (!token) {
      forget(reply);
    }
    none.hidden = known.size > 0;
  }

  // What stands among the newest and is not among them was deleted.
  function forget(reply) {
    const listed = new Set(reply.Batches.map(batch => batch.id));
    const last = reply.nextPageToken ? known.get(reply.Batches.at(-1).id).element : null;
    for (const [id, { element }] of known) {
      if (!listed.has(id) && !(last && last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)) {
        element.remove();
        known.delete(id);
      }
    }
  }

  while (!signal.aborted) {
    await load(null).catch(fail);
    await new Promise(resolve => setTimeout(resolve, INTERVAL));
    while (document.hidden && !signal.aborted) {
      await new Promise(resolve => setTimeout(resolve, INTERVAL));
    }
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
