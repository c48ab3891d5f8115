// Submits a batch: a JSON array, pasted or from a file.

import { announce, formatBytes, h, showError } from './dom.js';
import { read } from './api.js';
import { remember } from './retry.js';

const EXAMPLE = '[{"path": "sample/items", "params": {"limit": 2}}, {"path": "sample/image.png"}]';

/** Shows the form. */
export function showSubmit(main) {
  const problem = h('div');
  let file = null;
  const text = h('textarea', { id: 'requests', rows: '14', spellcheck: 'false', placeholder: EXAMPLE, 'aria-describedby': 'requests-help' });
  const chosen = h('p', { class: 'note', role: 'status' });
  const picker = h('input', { id: 'file', type: 'file', accept: '.json,application/json', onchange: () => take(picker.files[0] ?? null) });
  const button = h('button', { type: 'submit' }, 'Submit');
  const form = h('form', { class: 'submit', onsubmit: submit, ondragover: dragOver, ondragleave: dragLeave, ondrop: drop },
    h('label', { for: 'requests' }, 'Requests'),
    h('p', { id: 'requests-help', class: 'note' }, 'A JSON array of requests, as POST /api/v0/batch takes it. You can drop a file here.'),
    text,
    h('label', { for: 'file' }, 'Or a file'),
    picker,
    chosen,
    h('div', { class: 'actions' }, button));
  main.replaceChildren(h('h1', { tabindex: '-1' }, 'Submit a batch'), problem, form);

  // A file goes out as it is, without ever being a text here.
  function take(one) {
    file = one;
    text.disabled = file !== null;
    chosen.textContent = file ? `${file.name}, ${formatBytes(file.size)}, is what is submitted.` : '';
  }

  function dragOver(event) {
    event.preventDefault();
    form.classList.add('over');
  }

  function dragLeave() {
    form.classList.remove('over');
  }

  function drop(event) {
    event.preventDefault();
    form.classList.remove('over');
    if (event.dataTransfer.files.length > 0) {
      take(event.dataTransfer.files[0]);
    }
  }

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    problem.replaceChildren();
    try {
      const body = file ?? new Blob([text.value]);
      const reply = await read('api/v0/batch', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
      remember(reply.Batch.id, body);
      announce(`Batch ${reply.Batch.id} is accepted.`);
      location.hash = `#/batch/${reply.Batch.id}`;
    } catch (error) {
      showError(problem, error);
    } finally {
      button.disabled = false;
    }
  }
}
