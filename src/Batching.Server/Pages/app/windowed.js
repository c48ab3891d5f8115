// A list of which only what can be seen is in the document.

import { h } from './dom.js';

const ROW_HEIGHT = 32;
const MARGIN = 8;

export class WindowedList {
  count = 0;
  active = -1;
  #rows = new Map();
  #fill;
  #open;
  #scheduled = false;

  /**
   * @param label what it is a list of
   * @param fill puts an item into a row: fill(row, position)
   * @param open what Enter and a click do: open(position)
   */
  constructor(label, fill, open) {
    this.#fill = fill;
    this.#open = open;
    this.space = h('div', { class: 'space', role: 'presentation' });
    this.element = h('div', {
      class: 'list', role: 'listbox', tabindex: '0', 'aria-label': label,
      onscroll: () => this.#schedule(), onkeydown: event => this.#press(event), onclick: event => this.#click(event),
      onfocus: () => this.active < 0 && this.count > 0 && this.#activate(0),
    }, this.space);
    new ResizeObserver(() => this.#schedule()).observe(this.element);
  }

  /** Sets how many items there are. */
  resize(count) {
    if (count !== this.count) {
      this.count = count;
      this.space.style.height = `${count * ROW_HEIGHT}px`;
      this.#schedule();
    }
  }

  /** Shows other items from the beginning. */
  reset(count) {
    this.#rows.forEach(row => row.remove());
    this.#rows.clear();
    this.active = -1;
    this.count = -1;
    this.element.scrollTop = 0;
    this.element.removeAttribute('aria-activedescendant');
    this.resize(count);
  }

  #schedule() {
    if (!this.#scheduled) {
      this.#scheduled = true;
      requestAnimationFrame(() => {
        this.#scheduled = false;
        this.#paint();
      });
    }
  }

  #paint() {
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - MARGIN);
    const last = Math.min(this.count, Math.ceil((this.element.scrollTop + this.element.clientHeight) / ROW_HEIGHT) + MARGIN);
    for (const [position, row] of this.#rows) {
      if (position < first || position >= last) {
        row.remove();
        this.#rows.delete(position);
      }
    }
    for (let position = first; position < last; position++) {
      let row = this.#rows.get(position);
      if (!row) {
        row = h('div', { class: 'row', role: 'option', id: `row-${position}`, 'data-position': position, 'aria-posinset': position + 1 });
        row.style.transform = `translateY(${position * ROW_HEIGHT}px)`;
        this.#fill(row, position);
        this.#rows.set(position, row);
        // In the order of the list, which is the order in which it is read.
        const next = this.#rows.get(position + 1);
        this.space.insertBefore(row, next ?? null);
      }
      row.setAttribute('aria-setsize', this.count);
      row.setAttribute('aria-selected', position === this.active);
    }
  }

  #activate(position) {
    if (this.count === 0) {
      return;
    }
    this.active = Math.min(this.count - 1, Math.max(0, position));
    const top = this.active * ROW_HEIGHT;
    if (top < this.element.scrollTop) {
      this.element.scrollTop = top;
    } else if (top + ROW_HEIGHT > this.element.scrollTop + this.element.clientHeight) {
      this.element.scrollTop = top + ROW_HEIGHT - this.element.clientHeight;
    }
    this.#paint();
    this.element.setAttribute('aria-activedescendant', `row-${this.active}`);
  }

  #press(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 1);
    const target = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page,
      Home: 0, End: this.count - 1,
    }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      this.#activate(target);
    } else if (event.key === 'Enter' && this.active >= 0) {
      event.preventDefault();
      this.#open(this.active);
    }
  }

  #click(event) {
    const row = event.target.closest('.row');
    if (row) {
      this.#activate(Number(row.dataset.position));
      this.#open(this.active);
    }
  }
}
