// Makes a site of the documents: node docs/site/build.mjs FOLDER
// Each page is plain HTML; links between pages stay links, the search runs in the browser.
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import MarkdownIt from 'markdown-it';
import anchor from 'markdown-it-anchor';
import MiniSearch from 'minisearch';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const out = process.argv[2];
if (!out) throw new Error('Name a folder to write to.');

// The names of headings are those that GitHub makes, which the links use.
const slugify = (text) => text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
const markdown = new MarkdownIt({ html: true, linkify: false }).use(anchor, { slugify, tabIndex: false });
const escape = markdown.utils.escapeHtml;

const names = [
  'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'examples/README.md', 'tests/Batching.Rest.Tests/README.md',
  'tests/Batching.Benchmarks/RESULTS.md',
  ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];

/** The file of a page in the site. */
const fileOf = (name) => (name === 'README.md' ? 'index.html' : name.replace(/\.md$/, '.html'));

/** A link of a page as it has to be in the site: to a page, or to a file that is copied. */
function linkOf(name, href, copied) {
  if (/^[a-z]+:|^#/i.test(href)) return href;
  const [path, hash] = href.split('#');
  const target = posix.normalize(posix.join(posix.dirname(name), path)).replace(/\/$/, '');
  const from = posix.dirname(fileOf(name));
  if (names.includes(target)) return posix.relative(from, fileOf(target)) + (hash ? `#${hash}` : '');
  if (!existsSync(join(root, target))) throw new Error(`${name}: there is no ${href}`);
  copied.add(target);
  return posix.relative(from, target);
}

const copied = new Set();
const search = new MiniSearch({ fields: ['title', 'text'], storeFields: ['title', 'page'] });
const pages = names.map((name) => {
  const tokens = markdown.parse(readFileSync(join(root, name), 'utf8'), {});
  let title = '';
  let heading = { id: '', title: '', text: '' };
  const sections = [heading];
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      heading = { id: token.attrGet('id') ?? '', title: tokens[i + 1].content.replaceAll('`', ''), text: '' };
      title ||= heading.title;
      sections.push(heading);
    }
    heading.text += token.type === 'inline' || token.type === 'fence' ? ` ${token.content}` : '';
    for (const child of token.children ?? []) {
      if (child.type === 'link_open') child.attrSet('href', linkOf(name, child.attrGet('href'), copied));
      if (child.type === 'image') child.attrSet('src', linkOf(name, child.attrGet('src'), copied));
    }
  }
  for (const { id, title: of, text } of sections.filter((section) => section.text.trim())) {
    search.add({ id: `${fileOf(name)}#${id}`, title: of || title, text, page: title });
  }
  const html = markdown.renderer.render(tokens, markdown.options, {})
    .replace(/(<img[^>]* src=")([^":]+)"/g, (_, before, src) => `${before}${linkOf(name, src, copied)}"`);
  return { name, title, html };
});

/** The whole page, with the list of all pages and the search beside it. */
function layout({ name, title, html }) {
  const up = posix.relative(posix.dirname(fileOf(name)), '.') || '.';
  const list = pages.map((page) => `<li><a href="${posix.join(up, fileOf(page.name))}"${page.name === name ? ' aria-current="page"' : ''}>${escape(page.title)}</a></li>`);
  return `<!doctype html>
<html lang="en" data-root="${up}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)} - Batch</title>
<link rel="stylesheet" href="${up}/site/page.css"><script type="module" src="${up}/site/search.js"></script></head>
<body><nav><a class="home" href="${up}/index.html">Batch</a>
<input type="search" id="search" placeholder="Search" aria-label="Search"><ol id="found" hidden></ol>
<ul>${list.join('\n')}
<li><a href="${up}/reference.html"${name === 'reference.md' ? ' aria-current="page"' : ''}>REST reference</a></li></ul></nav>
<main>${html}</main></body></html>
`;
}

rmSync(out, { recursive: true, force: true });
for (const page of pages) {
  const file = join(out, fileOf(page.name));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, layout(page));
}
for (const path of copied) {
  cpSync(join(root, path), join(out, path), { recursive: true, filter: (file) => !/\/(bin|obj|node_modules)(\/|$)/.test(file) });
}
mkdirSync(join(out, 'site'), { recursive: true });
for (const file of ['page.css', 'search.js']) cpSync(join(here, file), join(out, 'site', file));
cpSync(join(here, 'node_modules/minisearch/dist/es/index.js'), join(out, 'site/minisearch.js'));
// The reference is what a gateway shows at /reference, without its own gateway to try calls out at.
const document = JSON.parse(readFileSync(join(root, 'src/Batching.Server/Pages/openapi.json'), 'utf8'));
writeFileSync(join(out, 'openapi.json'), JSON.stringify(document));
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) cpSync(join(here, 'node_modules/swagger-ui-dist', file), join(out, 'site', file));
cpSync(join(here, 'reference.js'), join(out, 'site/reference.js'));
const operations = Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).length, 0);
writeFileSync(join(out, 'reference.html'), layout({
  name: 'reference.md',
  title: 'REST reference',
  html: '<link rel="stylesheet" href="site/swagger-ui.css"><div id="reference"></div>'
    + '<script defer src="site/swagger-ui-bundle.js"></script><script type="module" src="site/reference.js"></script>',
}));
writeFileSync(join(out, 'site/index.json'), JSON.stringify(search));
console.log(`${pages.length} pages, ${copied.size} files and folders beside them, ${search.documentCount} sections to search, ${operations} operations in the reference`);
