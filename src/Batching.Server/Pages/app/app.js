// Which view is shown, and as whom.

import { onCaller, setCredential } from './api.js';
import { showBatch } from './batch.js';
import { showBatches } from './batches.js';
import { showSubmit } from './submit.js';

const main = document.getElementById('main');
let view = new AbortController();

function route(moveFocus) {
  view.abort();
  view = new AbortController();
  const [, place, id] = location.hash.split('/');
  if (place === 'batch' && /^\d{16}$/.test(id ?? '')) {
    showBatch(main, id, view.signal);
    document.title = `Batch ${id}`;
  } else if (place === 'submit') {
    showSubmit(main);
    document.title = 'Submit a batch';
  } else {
    showBatches(main, view.signal);
    document.title = 'Batches';
  }
  for (const link of document.querySelectorAll('nav a')) {
    const isCurrent = link.getAttribute('href') === (location.hash || '#/');
    link.toggleAttribute('aria-current', isCurrent);
    if (isCurrent) {
      link.setAttribute('aria-current', 'page');
    }
  }
  if (moveFocus) {
    main.querySelector('h1').focus();
  }
}

const form = document.getElementById('credential');
const value = document.getElementById('credential-value');
form.addEventListener('submit', event => {
  event.preventDefault();
  const field = document.getElementById('credential-field').value;
  setCredential(field, value.value);
  document.getElementById('credential-state').textContent = value.value ? `${field} is in use` : 'None in use';
  value.value = '';
});

document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});

// A file that is dropped beside the form must not be opened in the page's place.
for (const name of ['dragover', 'drop']) {
  addEventListener(name, event => event.preventDefault());
}

addEventListener('hashchange', () => route(true));
// What is typed there is still to be submitted.
onCaller(() => location.hash.startsWith('#/submit') || route(false));
route(false);
