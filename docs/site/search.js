// Searches the sections of all pages, in the browser.
import MiniSearch from './minisearch.js';

const root = document.documentElement.dataset.root;
const input = document.getElementById('search');
const found = document.getElementById('found');
let index;

/** The index, which is fetched when somebody begins to search. */
const load = () => (index ??= fetch(`${root}/site/index.json`).then((reply) => reply.text())
  .then((text) => MiniSearch.loadJSON(text, { fields: ['title', 'text'], storeFields: ['title', 'page'] })));

input.addEventListener('focus', load);
input.addEventListener('input', async () => {
  const results = (await load()).search(input.value, { prefix: true, fuzzy: 0.1, combineWith: 'AND', boost: { title: 3 } }).slice(0, 20);
  found.hidden = input.value === '';
  found.replaceChildren(...results.map(({ id, title, page }) => {
    const link = Object.assign(document.createElement('a'), { href: `${root}/${id}`, textContent: title });
    const item = document.createElement('li');
    item.append(link, title === page ? '' : ` in ${page}`);
    return item;
  }));
});
