// A response as it is: a tree of JSON, a text, a picture, or bytes. Nothing of it is ever taken for markup.

import { formatBytes, formatCount, h } from './dom.js';
import { send } from './api.js';

const MAX_SHOWN = 1024 * 1024;
const MAX_HEX = 4096;
const MAX_CHILDREN = 200;

// Those that browsers decode and that can hold no script.
const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'];

/** Reads a body and shows it. Returns what to do when it is not shown any more. */
export async function showBody(place, path, { size, encoding, signal }) {
  // A part of a body that is encoded can't be decoded.
  const isPart = size > MAX_SHOWN && !encoding;
  if (size > MAX_SHOWN && encoding) {
    place.append(h('p', {}, `The body has ${formatBytes(size)} (${encoding}), too many to be shown.`), downloadButton(path));
    return () => {};
  }
  const response = await send(path, { signal, headers: isPart ? { Range: `bytes=0-${MAX_SHOWN - 1}` } : {} });
  const type = (response.headers.get('Content-Type') ?? '').toLowerCase();
  const bytes = new Uint8Array(await response.arrayBuffer());
  const notes = h('p', { class: 'note' }, `${type || 'no content type'}, ${formatBytes(size)}${isPart ? `; the first ${formatBytes(MAX_SHOWN)} are shown` : ''} `);
  notes.append(downloadButton(path));
  place.append(notes);

  const media = type.split(';')[0].trim();
  if (PICTURES.includes(media) && !isPart) {
    return showPicture(place, bytes, media);
  }
  const text = decode(bytes, type, isPart);
  const tree = !isPart && text !== null && isJson(media) ? parse(text) : undefined;
  if (tree !== undefined) {
    place.append(h('div', { class: 'json', role: 'group', 'aria-label': 'Body as JSON' }, node(null, tree.value, 0)));
  } else if (text !== null) {
    place.append(h('pre', { class: 'text', tabindex: '0', 'aria-label': 'Body as text', role: 'region' }, text));
  } else {
    place.append(h('pre', { class: 'text', tabindex: '0', 'aria-label': 'Body as bytes', role: 'region' }, hexOf(bytes)),
      bytes.length > MAX_HEX ? h('p', { class: 'note' }, `The first ${formatBytes(MAX_HEX)} are shown.`) : '');
  }
  return () => {};
}

const isJson = media => media === 'application/json' || media === 'text/json' || media.endsWith('+json');

const isText = media => media.startsWith('text/') || media.endsWith('+xml') || isJson(media)
  || ['application/xml', 'application/javascript', 'application/x-ndjson', 'application/x-www-form-urlencoded', ''].includes(media);

function showPicture(place, bytes, media) {
  const address = URL.createObjectURL(new Blob([bytes], { type: media }));
  const picture = h('img', { src: address, alt: 'The body, a picture' });
  picture.addEventListener('error', () => picture.replaceWith(h('p', {}, 'The picture can’t be shown.'),
    h('pre', { class: 'text', tabindex: '0', role: 'region', 'aria-label': 'Body as bytes' }, hexOf(bytes))), { once: true });
  place.append(picture);
  return () => URL.revokeObjectURL(address);
}

// Null for what is no text.
function decode(bytes, type, isPart) {
  const media = type.split(';')[0].trim();
  if (!isText(media)) {
    return null;
  }
  const charset = /charset="?([^";\s]+)/.exec(type)?.[1] ?? 'utf-8';
  try {
    // The last character of a part may be cut.
    return new TextDecoder(charset, { fatal: !isPart && charset === 'utf-8' }).decode(bytes);
  } catch {
    return null;
  }
}

// A number as it was written: a double would lose digits.
class Digits {
  constructor(text) {
    this.text = text;
  }
}

function parse(text) {
  try {
    return { value: JSON.parse(text, (_, value, context) => typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value) };
  } catch {
    return undefined;
  }
}

// Children come into the document when they are opened.
function node(name, value, depth) {
  const label = name === null ? [] : [h('span', { class: 'name' }, typeof name === 'number' ? `${name}` : JSON.stringify(name)), ': '];
  if (value === null || typeof value !== 'object' || value instanceof Digits) {
    const [kind, text] = value instanceof Digits ? ['number', value.text]
      : typeof value === 'string' ? ['string', JSON.stringify(value)]
      : ['literal', String(value)];
    return h('div', { class: 'leaf' }, ...label, h('span', { class: kind }, text));
  }
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item]) : Object.entries(value);
  const words = Array.isArray(value) ? `[${formatCount(entries.length)}]` : `{${formatCount(entries.length)}}`;
  const children = h('div', { class: 'children' });
  const details = h('details', {}, h('summary', {}, ...label, h('span', { class: 'note' }, words)), children);
  const fill = () => children.childElementCount === 0 && addChildren(children, entries, 0, depth + 1);
  details.addEventListener('toggle', () => details.open && fill());
  if (depth < 1) {
    details.open = true;
    fill();
  }
  return details;
}

function addChildren(place, entries, from, depth) {
  const to = Math.min(entries.length, from + MAX_CHILDREN);
  for (let i = from; i < to; i++) {
    place.append(node(entries[i][0], entries[i][1], depth));
  }
  if (to < entries.length) {
    const more = h('button', { type: 'button', onclick: () => {
      more.remove();
      addChildren(place, entries, to, depth);
    } }, `${formatCount(entries.length - to)} more`);
    place.append(more);
  }
}

function hexOf(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, MAX_HEX); at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map(byte => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = row.map(byte => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.').join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex}  ${text}`);
  }
  return lines.join('\n');
}

function downloadButton(path) {
  const button = h('button', { type: 'button', onclick: async () => {
    button.disabled = true;
    try {
      const address = URL.createObjectURL(await (await send(path)).blob());
      h('a', { href: address, download: 'body' }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    } catch (error) {
      button.after(h('span', { class: 'error', role: 'alert' }, ` ${error.message}`));
    } finally {
      button.disabled = false;
    }
  } }, 'Download');
  return button;
}
