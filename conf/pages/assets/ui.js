/*
 * ui.js: elements, and what pages say in the same way.
 *
 *   el(tag, props, ...children)    an element; text is text, never markup
 *   svg(tag, props, ...children)   the same for SVG;  icon(name)
 *   fill(node, ...children)        the children in place of what was there
 *   money(amount, currency), count(n), percent(share), duration(seconds)
 *   time(iso, style)               <time> in the viewer's zone; style: 'short'
 *                                  (default), 'long', 'ago', 'date'
 *   badge(status)                  of a poll, or of statusInfo(code, label)
 *   loading(lines)                 a skeleton
 *   empty({mark, title, text, action, level})   level 1 where it is the page
 *   failure(problem, retry)        what went wrong, with a button; outages are
 *                                  tried again by themselves
 *   show(node, load, render)       loading, then what render(await load())
 *                                  gives, or failure with a retry
 *   busy(button, work)             runs work() once at a time, button is busy
 *   toast(text, {title, tone, href, link, lasting})
 *   announce(text)                 to screen readers only
 *   moveMessages(dialog)           forms.js, when a dialog closes
 *
 * Forms and dialogs are in forms.js.
 */

const put = (node, name, value) => {
  if (value === undefined || value === null || value === false) {
    return;
  }

  if (name.startsWith('on') && typeof value === 'function') {
    node.addEventListener(name.slice(2).toLowerCase(), value);
  } else if (name === 'data') {
    Object.entries(value).forEach(([key, word]) => {
      if (word !== undefined && word !== null) {
        node.dataset[key] = word;
      }
    });
  } else if (name === 'value' || name === 'checked' || name === 'disabled') {
    node[name] = value;
  } else {
    node.setAttribute(name, value === true ? '' : String(value));
  }
};

const append = (node, children) => {
  children.flat(Infinity).forEach((child) => {
    if (child !== undefined && child !== null && child !== false) {
      node.append(child instanceof Node ? child : String(child));
    }
  });

  return node;
};

/*
 * el('button', {class: 'button', type: 'button', data: {id}, onclick}, 'Go')
 * A value, checked or disabled is set when the children are there, so that a
 * select finds its option.
 */
export const el = (tag, props = {}, ...children) => {
  const node = append(document.createElement(tag), children);

  Object.entries(props ?? {}).forEach(([name, value]) =>
    put(node, name, value));
  return node;
};

export const svg = (tag, props = {}, ...children) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);

  Object.entries(props ?? {}).forEach(([name, value]) =>
    put(node, name, value));
  return append(node, children);
};

export const fill = (node, ...children) => {
  node.replaceChildren();
  return append(node, children);
};

const icons = {
  bell: 'M6 9a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7M10 20a2 2 0 0 0 4 0',
  cart: 'M3 4h2.5l2 11h10.5l2-8H6.4M9 19.5v.01M17 19.5v.01',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14M16 16l4.5 4.5',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  back: 'M19 12H5M11 6l-6 6 6 6',
  check: 'M5 12.5l4.5 4.5L19 7.5',
};

export const icon = (name) => svg('svg', {
  viewBox: '0 0 24 24', width: 24, height: 24, fill: 'none',
  stroke: 'currentColor', 'stroke-width': 1.8, 'stroke-linecap': 'round',
  'stroke-linejoin': 'round', 'aria-hidden': 'true',
}, svg('path', { d: icons[name] }));

/* Numbers and times */

/* a code that is no currency of ISO 4217, like USDC, stands behind */
export const money = (amount, currency) => {
  const digits = { maximumFractionDigits: 8 };

  try {
    return new Intl.NumberFormat(undefined,
      { style: 'currency', currency, ...digits }).format(amount);
  } catch {
    return `${new Intl.NumberFormat(undefined,
      { minimumFractionDigits: 2, ...digits }).format(amount)} ${currency}`;
  }
};

export const count = (number) => new Intl.NumberFormat().format(number);

export const percent = (share) => (share === null || share === undefined
  ? '–' : new Intl.NumberFormat(undefined,
    { style: 'percent', maximumFractionDigits: 1 }).format(share));

export const duration = (seconds) => {
  if (seconds === null || seconds === undefined) {
    return '–';
  }

  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const at = units.findIndex(([, size]) => seconds >= size);

  if (at < 0) {
    return '< 1 s';
  }

  const [unit, size] = units[at];
  const whole = Math.floor(seconds / size);
  const next = units[at + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[1]) : 0;

  return rest ? `${whole} ${unit} ${rest} ${next[0]}` : `${whole} ${unit}`;
};

const styles = {
  short: { dateStyle: 'medium', timeStyle: 'short' },
  long: { dateStyle: 'full', timeStyle: 'short' },
  date: { dateStyle: 'medium' },
};

const ago = (then) => {
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  const seconds = (then - Date.now()) / 1000;
  const units = [['day', 86400], ['hour', 3600], ['minute', 60]];
  const found = units.find(([, size]) => Math.abs(seconds) >= size);

  return found
    ? words.format(Math.round(seconds / found[1]), found[0]) : 'just now';
};

const agoText = (node) => {
  node.textContent = ago(new Date(node.dateTime));
};

/* "3 minutes ago" is 4 after a minute */
setInterval(() => document.querySelectorAll('time[data-ago]')
  .forEach(agoText), 30000);

export const time = (iso, style = 'short') => {
  if (!iso) {
    return el('span', { class: 'muted' }, '–');
  }

  /* a date has no zone: it is the same day for everybody */
  const day = /^\d{4}-\d\d-\d\d$/.test(iso);
  const then = new Date(day ? `${iso}T00:00` : iso);
  const full = new Intl.DateTimeFormat(undefined,
    day ? styles.date : styles.long).format(then);
  const node = el('time', { datetime: iso, title: full });

  if (style === 'ago' && !day) {
    node.dataset.ago = '';
    agoText(node);
  } else {
    node.textContent = new Intl.DateTimeFormat(undefined,
      day ? styles.date : styles[style] ?? styles.short).format(then);
  }

  return node;
};

/* A status: {label, emoji, tone} or what the poll answers */
export const badge = (status) => el('span', {
  class: 'badge',
  data: { tone: status.tone, status: status.code ?? status.status },
},
el('span', { 'aria-hidden': 'true' }, status.emoji ?? status.status_emoji),
status.label ?? status.status_label);

/* States of what is loaded */

export const loading = (lines = 4) => el('div',
  { class: 'skeleton', role: 'status', 'aria-label': 'Loading' },
  Array.from({ length: lines }, () => el('span')));

export const empty = ({ mark, title, text, action, level = 2 }) => el('div',
  { class: 'empty' },
  mark && el('span', { class: 'empty-mark', 'aria-hidden': 'true' }, mark),
  el(`h${level}`, {}, title),
  text && el('p', {}, text),
  action);

const marks = { 0: '📡', 403: '🔒', 404: '🔎' };
const titles = {
  0: 'No connection',
  401: 'Please sign in',
  403: 'You may not see this',
  404: 'There is nothing here',
};

/* what passes by itself is tried again without anybody's asking */
const retryLater = (node, retry) => setTimeout(() => {
  if (!node.isConnected) {
    return;
  }

  if (document.hidden) {
    retryLater(node, retry);
  } else {
    retry();
  }
}, 6000 + Math.random() * 4000);

export const failure = (problem, retry) => {
  const passes = problem.status === 0 || problem.status >= 500;
  const node = empty({
    mark: marks[problem.status] ?? '⚠️',
    title: titles[problem.status] ?? 'That did not work',
    text: problem.message,
    action: retry && problem.status !== 403 && problem.status !== 404
      && el('button', { class: 'button', type: 'button', onclick: retry },
        'Try again'),
  });

  node.setAttribute('role', 'alert');

  if (retry && passes) {
    retryLater(node, retry);
  }

  return node;
};

/*
 * What is loaded again, quietly, keeps what stands there until it is, and
 * throws: live.js's refresh() wants to know.
 */
export const show = async (node, load, render, { quiet = false } = {}) => {
  const again = () => show(node, load, render);

  if (!quiet) {
    fill(node, loading());
  }

  node.setAttribute('aria-busy', 'true');

  try {
    fill(node, render(await load()));
  } catch (problem) {
    if (problem.name !== 'Problem') {
      console.error(problem);
    }

    if (quiet) {
      throw problem;
    }

    fill(node, failure(problem, again));
  } finally {
    node.removeAttribute('aria-busy');
  }
};

export const busy = async (button, work) => {
  if (button.getAttribute('aria-busy') === 'true') {
    return undefined;
  }

  button.setAttribute('aria-busy', 'true');

  try {
    return await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
};

/* Saying things */

let voice = null;
let toasts = null;

/* all that is outside of an open dialog can be neither heard nor clicked */
const top = () => document.querySelector('dialog:modal') ?? document.body;

const region = (role, className) => el('div', { class: className, role });

/* a region must stand there before words come into it */
export const announce = (text) => {
  voice ??= region('status', 'visually-hidden');
  voice.textContent = '';

  if (voice.parentElement !== top()) {
    top().append(voice);
  }

  setTimeout(() => { voice.textContent = text; }, 100);
};

/* the top layer: above an open dialog, too */
const raise = () => {
  if (!toasts) {
    toasts = region('region', 'toasts');
    toasts.setAttribute('aria-label', 'Messages');
    toasts.setAttribute('aria-live', 'polite');
    toasts.popover = 'manual';
  }

  if (toasts.parentElement !== top()) {
    top().append(toasts);
  } else {
    toasts.hidePopover?.();
  }

  toasts.showPopover?.();
};

/* for a dialog that closes: what it holds of these stays */
export const moveMessages = (from) => {
  if (from.contains(voice)) {
    document.body.append(voice);
  }
  if (from.contains(toasts)) {
    document.body.append(toasts);
    toasts.showPopover?.();
  }
};

export const toast = (text, options = {}) => {
  const node = el('div', { class: 'toast', data: { tone: options.tone } },
    el('div', { class: 'toast-text' },
      options.title && el('strong', {}, options.title),
      text,
      options.href && el('div', {}, el('a', { href: options.href },
        options.link ?? 'Have a look'))),
    el('button', {
      class: 'dialog-close', type: 'button', 'aria-label': 'Close message',
      onclick: () => node.remove(),
    }, '×'));

  raise();
  toasts.append(node);

  /* who points at it still reads it */
  if (!options.lasting) {
    const leave = () => (node.matches(':hover, :focus-within')
      ? setTimeout(leave, 2000) : node.remove());

    setTimeout(leave, 8000);
  }

  while (toasts.childElementCount > 4) {
    toasts.firstElementChild.remove();
  }

  return node;
};
