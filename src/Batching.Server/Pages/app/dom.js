// Elements without markup: text is text, whoever it comes from.

/** Makes an element. `on…` are listeners; true and false set and leave out an attribute. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** Says something to those who listen to the page. */
export function announce(text) {
  document.getElementById('news').textContent = text;
}

/** Asks before something is done that can't be undone. Without an action there is nothing to choose. */
export function confirm(title, lines, action, otherwise = 'Keep') {
  return new Promise(resolve => {
    const dialog = h('dialog', { 'aria-labelledby': 'question' },
      h('h2', { id: 'question' }, title),
      ...lines.map(line => h('p', {}, line)),
      h('form', { method: 'dialog', class: 'actions' },
        action ? h('button', { value: 'yes' }, action) : null,
        h('button', { value: 'no', autofocus: true }, otherwise)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Shows what went wrong, with each problem that was named. */
export function showError(place, error) {
  place.replaceChildren(h('div', { class: 'error', role: 'alert' },
    h('p', {}, error.message),
    error.problems?.length ? h('ul', {}, ...error.problems.map(problem => h('li', {}, `${problem.field}: ${problem.message}`))) : null));
}

const numbers = new Intl.NumberFormat('en');

export const formatCount = count => numbers.format(count);

export function formatBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

export function formatDuration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms`
    : milliseconds < 60000 ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${(milliseconds / 60000).toFixed(1)} min`;
}

/** The nearest time that is written the same. */
export const roundDuration = milliseconds => {
  const step = milliseconds < 1000 ? 1 : milliseconds < 60000 ? 100 : 6000;
  return Math.round(milliseconds / step) * step;
};

export const formatTime = milliseconds => new Date(milliseconds).toLocaleString();

// Longest time in milliseconds for which there is work without letting the browser do anything else.
const SLICE = 12;

/**
 * For work over very many things, which asks it between them: returns null, or, once a slice of time is over, a promise to wait for.
 * The time counts from the last turn of the browser, so that pieces of work that share it are one slice together.
 */
export function createPause() {
  let began = performance.now();
  return () => performance.now() - began < SLICE ? null
    : breathe().then(() => { began = performance.now(); });
}

/** Lets the browser do what is waiting: input, painting. */
export const breathe = () => globalThis.scheduler?.yield?.() ?? new Promise(resolve => setTimeout(resolve));
