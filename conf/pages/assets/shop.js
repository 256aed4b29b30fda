/*
 * shop.js: what home, cart and checkout share.
 *
 *   art(product)              a picture for a product that has none
 *   stock(product, wanted)    {text, tone, out}: in stock, few left, sold out
 *   options(line)             'Size L, blue', or ''
 *   stepper({value, label, max, name, onchange})   − number +
 *   sum(lines)                of price × quantity, without a float's dust
 *   byStore(lines)            [{id, name, currency, lines}]
 *   allStores()               those that are open
 *   readCart()                the lines; header's count follows
 *   addToCart(product, {quantity, size, color})
 *   ordered(lines)            these have become an order: out of the cart
 *   keepFocus(node, work)     what work() draws anew has the focus again
 */

import { del, formKey, get, pages, post } from './api.js';
import { setCart } from './chrome.js';
import { el, svg } from './ui.js';

const most = 1000000;
const few = 10;

/* A picture: the same for a product each time, its colour that of its store */

const tones = ['wait', 'done', 'alert', 'go'];

const hash = (text) => [...text].reduce((sum, letter) =>
  (sum * 31 + letter.codePointAt(0)) >>> 0, 7);

const circle = (cx, cy, r) => svg('circle', { cx, cy, r });

const patterns = [
  (n) => [circle(40 + n % 50, 30, 62), circle(170, 100 - n % 30, 48)],
  (n) => [0, 1, 2, 3].map((i) => svg('path', {
    d: `M${-20 + n % 30} ${26 + i * 30}q55 -42 110 0t110 0`,
    class: 'art-line',
  })),
  (n) => [24, 46, 68, 90].map((r) => svg('circle', {
    cx: 150 - n % 60, cy: 112, r, class: 'art-line',
  })),
  (n) => [0, 1, 2, 3, 4].map((i) => svg('rect', {
    x: 8 + i * 42, y: 20 + (n >> i) % 60, width: 24, height: 140, rx: 12,
  })),
  (n) => Array.from({ length: 24 }, (_, i) =>
    circle(18 + (i % 8) * 24, 24 + Math.floor(i / 8) * 36,
      2 + (n >> i % 7) % 9)),
];

export const art = (product) => {
  const number = hash(product.id + product.name);

  return svg('svg', {
    class: 'art', viewBox: '0 0 200 120', 'aria-hidden': 'true',
    preserveAspectRatio: 'xMidYMid slice',
    'data-tone': tones[hash(product.store_id ?? '') % tones.length],
  },
  patterns[number % patterns.length](number >>> 3),
  svg('text', { x: 100, y: 80, 'text-anchor': 'middle' },
    [...product.name][0]?.toUpperCase() ?? ''));
};

/* Words */

export const stock = (product, wanted = 1) => {
  if (product.status !== 'active') {
    return { text: 'Not sold any more', tone: 'alert', out: true };
  }
  if (product.stock === 0) {
    return { text: 'Sold out', tone: 'off', out: true };
  }
  if (product.stock < wanted) {
    return { text: `Only ${product.stock} left`, tone: 'alert', out: true };
  }

  return product.stock <= few
    ? { text: `Only ${product.stock} left`, tone: 'wait', out: false }
    : { text: 'In stock', tone: 'done', out: false };
};

export const options = (line) => [line.size && `Size ${line.size}`,
  line.color].filter(Boolean).join(', ');

/* Quantities */

export const stepper = ({ value, label, max = most, name, onchange }) => {
  const top = Math.max(1, Math.min(max, most));

  const take = (number) => {
    const next = Math.max(1, Math.min(top, Math.floor(number) || 1));
    const changed = next !== Number(input.dataset.value);

    input.value = next;
    input.dataset.value = next;
    fewer.disabled = next <= 1;
    more.disabled = next >= top;

    if (changed) {
      onchange?.(next);
    }
  };

  const button = (text, words, by) => el('button', {
    type: 'button', 'aria-label': `${words}, ${label}`,
    onclick: () => take(Number(input.value) + by),
  }, text);

  const input = el('input', {
    type: 'number', inputmode: 'numeric', min: 1, max: most, step: 1, name,
    'aria-label': `Quantity, ${label}`, data: { value },
    onchange: () => take(Number(input.value)),
  });
  const fewer = button('−', 'One fewer', -1);
  const more = button('+', 'One more', 1);
  const node = el('div', { class: 'stepper' }, fewer, input, more);

  take(value);
  return node;
};

/* money has 8 digits behind the point */
export const sum = (lines) => Math.round(lines.reduce((total, line) =>
  total + line.product.price * line.quantity, 0) * 1e8) / 1e8;

export const allStores = async () => {
  let list = await pages('/api/stores', { limit: 100 }, (d) => d.stores);
  const found = [...list.items];

  while (list.more) {
    list = await list.next();
    found.push(...list.items);
  }

  return found;
};

/* The cart */

export const byStore = (lines) => {
  const stores = new Map();

  lines.forEach((line) => {
    const { store_id: id, store_name: name, currency } = line.product;

    if (!stores.has(id)) {
      stores.set(id, { id, name, currency, lines: [] });
    }

    stores.get(id).lines.push(line);
  });

  return [...stores.values()];
};

const place = 'ordered';

/*
 * Takes lines out that have become an order.  Where that fails, the next page
 * that reads the cart does it; a line that was changed meanwhile stays.
 */
export const ordered = async (lines) => {
  sessionStorage.setItem(place, JSON.stringify(
    lines.map(({ id, quantity }) => ({ id, quantity }))));

  const done = await Promise.allSettled(lines.map(({ id }) =>
    del(`/cart-items/${id}`)));

  if (done.every(({ status, reason }) => status === 'fulfilled'
      || reason.status === 404)) {
    sessionStorage.removeItem(place);
  }
};

export const readCart = async () => {
  let lines = await get('/cart-items');
  const left = JSON.parse(sessionStorage.getItem(place) ?? '[]');

  const over = lines.filter((line) => left.some(({ id, quantity }) =>
    id === line.id && quantity === line.quantity));

  if (over.length) {
    await ordered(over);
    lines = lines.filter((line) => !over.includes(line));
  } else {
    sessionStorage.removeItem(place);
  }

  setCart(lines);
  return lines;
};

/* the key is of what is added, so that a repeat never is another request */
export const addToCart = async (product, { quantity = 1, size, color }) => {
  const key = formKey(`add:${JSON.stringify(
    [product.id, quantity, size, color])}`);

  await post('/cart-items',
    { product_id: product.id, quantity, size, color }, { key });
  key.done();
  readCart().catch(() => {});
};

/* Focus: the same link, or button of the same action */

const nameOf = (node) => node.getAttribute('href') ?? node.dataset.action;

export const keepFocus = async (node, work) => {
  const had = document.activeElement;
  const name = node.contains(had) ? nameOf(had) : null;

  await work();

  if (name && !had.isConnected) {
    [...node.querySelectorAll('a, button')]
      .find((one) => nameOf(one) === name)?.focus({ preventScroll: true });
  }
};
