// One batch: its progress, its results as they come, its failures, and one response.

import { announce, confirm, createPause, formatBytes, formatCount, formatDuration, formatTime, h, showError } from './dom.js';
import { CallError, lines, read } from './api.js';
import { createPlot, plotThroughput, plotTimes } from './plots.js';
import { Results } from './results.js';
import { retryFailed } from './retry.js';
import { showBody } from './body.js';
import { WindowedList } from './windowed.js';

const FIELDS = ['path', 'method', 'index', 'spawned_by', 'create_time', 'done_time',
  'response.status_code', 'response.size', 'response.error'].join();
const STATUS_INTERVAL = 1000;
const PLOT_INTERVAL = 1000;
const RETURN_AFTER = 1000;

// Results between two looks at the clock.
const CHUNK = 1024;

/** Shows a batch until the signal says to stop. */
export function showBatch(main, id, signal) {
  const view = new BatchView(main, id, signal);
  view.watch();
  view.read();
}

class BatchView {
  #results = new Results();
  #shown = [];
  #filter = { from: 0, to: 999, reason: null, text: '' };
  #filtered = 0;
  #filtering = null;
  #pause = createPause();
  #batch = null;
  #isComplete = false;
  #failureCount = -1;
  #openRequest = null;
  #plottedAt = 0;
  #isPlotted = 0;

  constructor(main, id, signal) {
    this.id = id;
    this.signal = signal;
    this.problem = h('div');
    this.trouble = h('div');
    this.state = h('p', { class: 'state' }, 'Loading …');
    this.bar = h('progress', { 'aria-label': 'Progress', max: '1', value: '0' });
    this.cancel = h('button', { type: 'button', disabled: true, onclick: () => this.#cancel() }, 'Cancel');
    this.remove = h('button', { type: 'button', onclick: () => this.#delete() }, 'Delete');
    this.retry = h('button', { type: 'button', disabled: true, onclick: () => this.#retry() }, 'Retry what failed');
    this.throughput = createPlot();
    this.throughputWords = h('figcaption', {}, '');
    this.times = createPlot();
    this.timesWords = h('figcaption', {}, '');
    this.failures = h('ul', { class: 'failures' });
    this.status = h('select', { id: 'status-filter', onchange: () => this.#choose() },
      ...[['0-999', 'All'], ['200-299', '2xx'], ['300-399', '3xx'], ['400-499', '4xx'], ['500-599', '5xx'], ['400-999', '400 and above']]
        .map(([value, text]) => h('option', { value }, text)));
    this.search = h('input', { id: 'path-filter', type: 'search', oninput: () => this.#choose(), autocomplete: 'off', spellcheck: 'false' });
    this.found = h('p', { class: 'note', role: 'status' });
    this.list = new WindowedList('Results', (row, position) => this.#fillRow(row, position), position => this.#open(position));
    this.detail = h('section', { class: 'detail', 'aria-labelledby': 'detail-title', hidden: true });
    main.replaceChildren(
      h('h1', { tabindex: '-1' }, `Batch ${id}`),
      this.problem,
      this.trouble,
      h('div', { class: 'progress' }, this.bar, this.state),
      h('div', { class: 'actions' }, this.cancel, this.retry, this.remove),
      h('div', { class: 'plots' },
        h('section', { 'aria-labelledby': 'throughput' }, h('h2', { id: 'throughput' }, 'Throughput'), h('figure', {}, this.throughput, this.throughputWords)),
        h('section', { 'aria-labelledby': 'times' }, h('h2', { id: 'times' }, 'Time to result'), h('figure', {}, this.times, this.timesWords)),
        h('section', { 'aria-labelledby': 'failures' }, h('h2', { id: 'failures' }, 'Failures'), this.failures)),
      h('h2', {}, 'Results'),
      h('form', { class: 'filters', onsubmit: event => event.preventDefault() },
        h('label', { for: 'status-filter' }, 'Status'), this.status,
        h('label', { for: 'path-filter' }, 'Path contains'), this.search,
        this.found),
      h('div', { class: 'panes' }, this.list.element, this.detail));
    this.#showFailures();
  }

  /** Asks for the state of the batch again and again until it is done. */
  async watch() {
    while (!this.signal.aborted) {
      try {
        this.#showState((await read(`api/v0/batch/${this.id}/status`, { signal: this.signal })).Batch);
        this.trouble.replaceChildren();
        if (this.#batch.runningRequests === 0) {
          announce(`Batch ${this.id} is done: ${this.#batch.failedRequests} of ${this.#batch.totalRequests} failed.`);
          return;
        }
      } catch (error) {
        if (!this.#fail(error)) {
          return;
        }
      }
      await new Promise(resolve => setTimeout(resolve, STATUS_INTERVAL));
    }
  }

  /** Reads the results as a stream; after one that was cut goes on where it was. */
  async read() {
    let position = 0;
    while (!this.signal.aborted && !this.#isComplete) {
      try {
        for await (const some of lines(
          `api/v1/batches/${this.id}/results:stream?after=${position}&request_fields=${FIELDS}`, this.signal)) {
          this.trouble.replaceChildren();
          for (const line of some) {
            if (line === '') {
              continue;
            }
            const record = JSON.parse(line);
            if (record.request) {
              this.#results.add(record.request);
              position = Number(record.position);
            } else if (record.end) {
              this.#isComplete = record.end.runningRequests === '0';
            } else if (record.message) {
              throw new CallError(409, record.message, []);
            }
            // Parts that are there come one after the other, without the browser's turn in between.
            const turn = this.#pause();
            if (turn) {
              await turn;
            }
          }
          await this.#update();
        }
      } catch (error) {
        if (!this.#fail(error)) {
          return;
        }
      }
      await this.#update();
      await new Promise(resolve => setTimeout(resolve, RETURN_AFTER));
    }
    await this.#update();
  }

  // Whether it makes sense to try again.
  #fail(error) {
    if (error.name === 'AbortError' || this.signal.aborted) {
      return false;
    }
    showError(this.trouble, error);
    return !(error instanceof CallError) || error.status === 0 || error.status === 429 || error.status >= 500;
  }

  #showState(batch) {
    this.#batch = batch;
    const finished = batch.totalRequests - batch.runningRequests;
    this.bar.max = Math.max(1, batch.totalRequests);
    this.bar.value = finished;
    this.state.textContent = `${batch.state.toLowerCase()}: ${formatCount(finished)} of ${formatCount(batch.totalRequests)} finished, `
      + `${formatCount(batch.failedRequests)} failed, ${formatBytes(batch.responseSize)} of responses; accepted ${formatTime(batch.created * 1000)}`;
    this.cancel.disabled = batch.runningRequests === 0;
  }

  async #update() {
    const results = this.#results;
    await this.#filterAll();
    const now = performance.now();
    if (now - this.#plottedAt < PLOT_INTERVAL && !this.#isComplete) {
      return;
    }
    this.#plottedAt = now;
    this.#showFound();
    this.#showFailures();
    if (results.count > 0 && this.#isPlotted !== results.count) {
      this.#isPlotted = results.count;
      this.throughputWords.textContent = await plotThroughput(this.throughput, results, this.#pause);
      this.timesWords.textContent = await plotTimes(this.times, results, this.#pause);
    }
  }

  // One at a time: it takes up what comes meanwhile, and begins anew with another filter.
  #filterAll() {
    this.#filtering ??= this.#filterInSlices().finally(() => { this.#filtering = null; });
    return this.#filtering;
  }

  async #filterInSlices() {
    while (this.#filtered < this.#results.count) {
      const end = Math.min(this.#results.count, this.#filtered + CHUNK);
      for (; this.#filtered < end; this.#filtered++) {
        if (this.#matches(this.#filtered)) {
          this.#shown.push(this.#filtered);
        }
      }
      this.list.resize(this.#shown.length);
      await this.#pause();
    }
  }

  #showFound() {
    const { from, reason } = this.#filter;
    this.found.textContent = `${formatCount(this.#shown.length)} of ${formatCount(this.#results.count)} results`
      + (reason === null ? '' : `: ${from} ${reason || 'from the API'}`);
  }

  #matches(at) {
    const { from, to, reason, text } = this.#filter;
    const status = this.#results.status(at);
    return status >= from && status <= to
      && (reason === null || this.#results.reason(at) === reason)
      && (text === '' || this.#results.paths[at].includes(text));
  }

  #choose() {
    const [from, to] = this.status.value.split('-').map(Number);
    this.#apply({ from, to, reason: null, text: this.search.value });
  }

  async #apply(filter) {
    this.#filter = filter;
    this.#shown = [];
    this.#filtered = 0;
    this.list.reset(0);
    await this.#filterAll();
    this.#showFound();
  }

  #showFailures() {
    let count = 0;
    this.#results.failures.forEach(value => { count += value; });
    this.retry.disabled = count === 0;
    if (count === this.#failureCount) {
      return;
    }
    this.#failureCount = count;
    const groups = [...this.#results.failures].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
    // Those that are there stay, and where they are if one of them has the focus.
    const known = new Map([...this.failures.querySelectorAll('button')].map(button => [button.dataset.key, button]));
    const items = groups.map(([key, number]) => {
      const space = key.indexOf(' ');
      const [status, reason] = [Number(key.slice(0, space)), key.slice(space + 1)];
      const button = known.get(key) ?? h('button', { type: 'button', 'data-key': key, onclick: () => {
        this.status.value = '400-999';
        this.#apply({ from: status, to: status, reason, text: this.search.value });
      } });
      button.textContent = `${status} ${reason || 'from the API'}: ${formatCount(number)}`;
      return button.parentElement ?? h('li', {}, button);
    });
    if (this.failures.contains(document.activeElement)) {
      this.failures.append(...items.filter(item => !item.isConnected));
    } else {
      this.failures.replaceChildren(...items);
    }
    if (groups.length === 0) {
      this.failures.replaceChildren(h('li', {}, 'None so far.'));
    }
  }

  #fillRow(row, position) {
    const results = this.#results;
    const at = this.#shown[position];
    const status = results.status(at);
    row.replaceChildren(
      h('span', { class: status >= 400 ? 'status bad' : 'status' }, `${status}`),
      h('span', {}, results.method(at)),
      h('span', { class: 'path' }, results.paths[at]),
      h('span', { class: 'note' }, results.reason(at)),
      h('span', { class: 'number' }, formatBytes(results.size(at))),
      h('span', { class: 'number' }, formatDuration(results.time(at))));
  }

  async #open(position) {
    const at = this.#shown[position];
    const id = this.#results.id(at);
    this.#openRequest?.abort();
    const opened = new AbortController();
    this.#openRequest = opened;
    const signal = AbortSignal.any([opened.signal, this.signal]);
    let release = () => {};
    const body = h('div', { 'aria-live': 'off' }, 'Loading …');
    const close = () => {
      opened.abort();
      this.detail.hidden = true;
      this.detail.replaceChildren();
      this.list.element.focus();
    };
    signal.addEventListener('abort', () => release(), { once: true });
    const title = h('h2', { id: 'detail-title', tabindex: '-1' }, `${this.#results.method(at)} ${this.#results.paths[at]}`);
    this.detail.onkeydown = event => event.key === 'Escape' && close();
    this.detail.replaceChildren(
      h('button', { type: 'button', class: 'close', onclick: close, 'aria-label': 'Close the response' }, '×'),
      title,
      h('p', {}, `Status ${this.#results.status(at)}${this.#results.reason(at) ? `, ${this.#results.reason(at)}` : ''}, request ${id}`),
      body);
    this.detail.hidden = false;
    title.focus();
    try {
      // By the contract: its params are a text, with all their digits.
      const { batch } = await read(`api/v1/batches/${this.id}/results?request_ids=${id}`
        + '&request_fields=params,params_json,query,response.headers,response.error', { signal });
      const request = batch.requests[0];
      body.replaceChildren();
      const params = request.query.map(({ name, value }) => `${name}=${value}`);
      params.push(...[request.paramsJson || (request.params && JSON.stringify(request.params, null, 1))].filter(Boolean));
      if (params.length > 0) {
        body.append(h('h3', {}, 'Params'), h('pre', { class: 'text' }, params.join('\n')));
      }
      if (request.response.error) {
        body.append(h('h3', {}, 'The gateway’s answer'), h('p', {}, request.response.error.message));
      } else {
        body.append(h('h3', {}, 'Body'));
        if (batch.state === 'BATCH_STATE_EXPIRED') {
          body.append(h('p', {}, 'The batch has expired: its bodies are deleted.'));
        } else if (this.#results.size(at) === 0) {
          body.append(h('p', {}, 'The body is empty.'));
        } else {
          release = await showBody(body, `api/v0/batch/${this.id}/requests/${id}/body`, {
            size: this.#results.size(at), encoding: request.response.headers['content-encoding'], signal,
          });
          if (signal.aborted) {
            release();
          }
        }
        body.append(h('h3', {}, 'Header fields'), h('dl', {}, ...Object.entries(request.response.headers)
          .flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
      }
    } catch (error) {
      if (error.name !== 'AbortError') {
        showError(body, error);
      }
    }
  }

  async #cancel() {
    if (await confirm('Cancel the batch?', ['What has no result yet is stopped. Results that are there stay.'], 'Cancel the batch')) {
      await this.#do(async () => this.#showState((await read(`api/v0/batch/${this.id}/cancel`, { method: 'POST' })).Batch));
    }
    // What can't be done any more can't have the focus.
    (this.cancel.disabled ? this.remove : this.cancel).focus();
  }

  async #delete() {
    if (await confirm('Delete the batch?', ['It is cancelled if it runs. All its results are deleted.'], 'Delete the batch')) {
      await this.#do(async () => {
        await read(`api/v0/batch/${this.id}`, { method: 'DELETE' });
        announce(`Batch ${this.id} is deleted.`);
        location.hash = '#/';
      });
    } else {
      this.remove.focus();
    }
  }

  async #retry() {
    await this.#do(async () => {
      const fresh = await retryFailed(this.id, this.#results, this.signal);
      if (fresh) {
        location.hash = `#/batch/${fresh}`;
      } else {
        this.retry.focus();
      }
    });
  }

  async #do(action) {
    this.problem.replaceChildren();
    try {
      await action();
    } catch (error) {
      if (error.name !== 'AbortError') {
        showError(this.problem, error);
      }
    }
  }
}
