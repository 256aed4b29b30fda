/*
 * analytics.js: figures and plots of the orders of a manager's stores, or of
 * all for an admin.
 *
 *   showAnalytics(node, user)
 *
 * The API tells a range in one figure; the course of it is asked for in parts,
 * each of which reads its own orders only.
 */

import { get } from './api.js';
import { field, submit } from './forms.js';
import * as live from './live.js';
import { barPlot, columnPlot } from './plots.js';
import { countByStatus, flowsOf, inTurn, statusesOf } from './seller-data.js';
import { busy, count, duration, el, fill, loading, money, percent, show, time }
  from './ui.js';
import { statusInfo, workflows } from './workflows.js';

const path = '/api/analytics/orders';

const ranges = [
  { name: '24 hours', hours: 24, parts: 12 },
  { name: '7 days', days: 7, parts: 7 },
  { name: '30 days', days: 30, parts: 10 },
  { name: '90 days', days: 90, parts: 13 },
  { name: 'A year', days: 365, parts: 12 },
];

/* Ranges and their parts.  Days begin where the viewer is. */

const midnight = (back) => {
  const day = new Date();

  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - back);
  return day;
};

const rangeOf = ({ hours, days, parts }) => {
  const to = new Date();

  if (!hours) {
    return { from: midnight(days - 1), to, parts };
  }

  /* the hour that runs is the last one */
  const from = new Date(to);

  from.setHours(from.getHours() + 1 - hours, 0, 0, 0);
  return { from, to, parts, hours };
};

const custom = ({ from, to }) => {
  const end = new Date(`${to}T00:00`);

  end.setDate(end.getDate() + 1);

  const start = new Date(`${from}T00:00`);
  const days = Math.round((end - start) / 86400000);

  return { from: start, to: end, parts: 12,
    hours: days <= 2 ? days * 24 : undefined };
};

/* whole days, or whole hours; the last part ends now */
const split = ({ from, to, parts, hours }) => {
  const step = Math.max(1, Math.ceil(hours ? hours / parts
    : (to - from) / 86400000 / parts));
  const list = [];

  for (let start = from; start < to;) {
    const end = new Date(start);

    if (hours) {
      end.setHours(end.getHours() + step);
    } else {
      end.setDate(end.getDate() + step);
    }

    list.push({ from: start, to: end < to ? end : to, hours });
    start = end;
  }

  return list;
};

const query = ({ from, to }) =>
  ({ from: from.toISOString(), to: to.toISOString() });

const names = ({ from, to, hours }) => {
  const short = new Intl.DateTimeFormat(undefined, hours
    ? { hour: 'numeric', minute: '2-digit' }
    : { day: 'numeric', month: 'short' });
  const long = new Intl.DateTimeFormat(undefined, hours
    ? { dateStyle: 'medium', timeStyle: 'short' } : { dateStyle: 'medium' });

  return { label: short.format(from),
    long: long.formatRange(from, new Date(to - 1)) };
};

/* Figures */

const figure = (name, value, more) => el('div', { class: 'card figure' },
  el('dt', { class: 'muted small' }, name),
  el('dd', { class: 'figure-value number' }, value),
  more && el('dd', { class: 'muted small' }, more));

const values = (byCurrency) => {
  const list = Object.entries(byCurrency).map(([currency, amount]) =>
    money(Math.round(amount * 100) / 100, currency));

  return list.length ? list.join(', ') : '–';
};

const figures = ({ orders, statuses }) => el('dl', { class: 'figures' },
  figure('Orders', count(orders.created),
    `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
      .format(orders.creationRatePerDay)} a day`),
  figure('Average order', values(orders.averageOrderValueByCurrency),
    'without cancelled ones'),
  figure('Delivered by now', percent(orders.completionRate),
    `${count(orders.completed)} of ${count(orders.created)}`),
  figure('Cancelled', percent(statuses.cancellationRate), 'of those placed'),
  figure('From order to delivery', duration(orders.timeToFulfilmentSeconds),
    'on average'));

/* Plots */

const course = (parts) => columnPlot({
  title: 'Orders over time',
  note: 'By when they were placed.',
  empty: 'No order was placed in this time.',
  parts: [{ name: 'delivered by now' }, { name: 'others' }],
  points: parts.map(({ part, data: { orders } }) => ({
    ...names(part),
    values: [orders.completed, orders.created - orders.completed],
  })),
});

const byStatus = (statuses, counts) => barPlot({
  title: 'Orders by status',
  note: 'All orders, as they are now.',
  empty: 'There are no orders yet.',
  heads: ['Status', 'Orders'],
  bars: statuses.filter(({ code }) => counts.get(code) > 0).map((status) => ({
    label: `${status.emoji} ${status.label}`,
    value: counts.get(status.code),
    tone: status.tone,
  })),
});

/* the mean of all ways out of a status, each as often as it was taken */
const waits = ({ transitions }, stuck) => {
  const from = new Map();

  transitions.filter((one) => one.from).forEach((one) => {
    const all = from.get(one.from) ?? { number: 0, seconds: 0 };

    all.number += one.count;
    all.seconds += one.count * one.averageSeconds;
    from.set(one.from, all);
  });

  const bars = [...from].map(([code, { number, seconds }]) => ({
    info: statusInfo(code), number, value: seconds / number,
  })).sort((a, b) => (a.info.step || 99) - (b.info.step || 99));

  return barPlot({
    title: 'Time in a status',
    note: 'On average, of those that left it in this time.',
    empty: 'No order has changed its status in this time.',
    heads: ['Status', 'Average', 'Orders', 'Too long now'],
    format: duration,
    bars: bars.map((bar) => ({
      label: `${bar.info.emoji} ${bar.info.label}`,
      value: bar.value,
      tone: stuck[bar.info.code] ? 'alert' : bar.info.tone,
    })),
    rows: bars.map((bar) => [bar.info.label, duration(bar.value),
      count(bar.number), count(stuck[bar.info.code] ?? 0)]),
  });
};

const words = (code) => code[0].toUpperCase()
  + code.slice(1).replaceAll('_', ' ');

const payments = ({ distribution, successRate }) => {
  const bars = Object.entries(distribution).sort((a, b) => b[1] - a[1])
    .map(([code, number]) => ({
      label: words(code), value: number, paid: successRate[code],
      text: `${count(number)}, ${percent(successRate[code])} paid`,
      tone: 'go',
    }));

  return barPlot({
    title: 'Payment methods',
    note: 'Of the orders placed, and how many of them are paid.',
    empty: 'No order was placed in this time.',
    heads: ['Method', 'Orders', 'Paid'],
    bars,
    rows: bars.map((bar) => [bar.label, count(bar.value),
      percent(bar.paid)]),
  });
};

/* The page */

export const showAnalytics = (node, user) => {
  const place = el('div', { class: 'stack loose' });
  const overTime = el('div', {});
  const asOf = el('p', { class: 'muted small' });
  let range = ranges[2];
  let asked = 0;

  const read = async () => {
    const turn = asked += 1;
    const now = range.from ? range : rangeOf(range);

    const [data, recent] = await Promise.all([
      get(path, { query: query(now) }),
      get('/api/orders', { query: { limit: 50 } }),
      workflows(),
    ]);

    const statuses = statusesOf(await flowsOf(user, recent.orders));
    const counts = await countByStatus(statuses.map(({ code }) => code));

    return { turn, now, data, statuses, counts };
  };

  /* the parts are many: what is there already is shown before */
  const readCourse = ({ turn, now }) => show(overTime,
    () => inTurn(split(now), async (part) => ({
      part, data: await get(path, { query: query(part) }),
    })),
    (parts) => (turn === asked ? course(parts) : [...overTime.childNodes]),
    { quiet: overTime.childElementCount > 0 }).catch(() => {});

  const view = (found) => {
    if (found.turn !== asked) {
      return [...place.childNodes];
    }

    if (overTime.childElementCount === 0) {
      fill(overTime, el('div', { class: 'card' }, loading(5)));
    }

    readCourse(found);
    fill(asOf, 'As of ', time(new Date().toISOString()));

    const { data, statuses, counts } = found;

    return [
      figures(data),
      overTime,
      el('div', { class: 'plots' },
        byStatus(statuses, counts), waits(data.statuses, data.statuses.stuck),
        payments(data.payments)),
    ];
  };

  const load = (quiet) => show(place, read, view, { quiet });

  const chips = el('div', { class: 'chips', role: 'group',
    'aria-label': 'Time range' });

  const choose = (next) => {
    range = next;
    own.hidden = next !== other;
    drawChips();

    if (next !== other) {
      load(true).catch(() => load(false));
    }
  };

  const other = { name: 'Other …' };

  const drawChips = () => [...chips.children].forEach((chip, at) =>
    chip.setAttribute('aria-pressed', String(
      [...ranges, other][at] === range
        || (range.from !== undefined && at === ranges.length))));

  const own = el('form', { class: 'form card analytics-range', hidden: true },
    el('div', { class: 'fields' },
      field({ name: 'from', label: 'From', type: 'date' }),
      field({ name: 'to', label: 'To', type: 'date' }),
      el('button', { class: 'button primary', type: 'submit' }, 'Show')));

  submit(own, async (given) => {
    range = custom(given);
    await load(true);
  });

  fill(chips, [...ranges, other].map((one) => el('button', {
    class: 'chip', type: 'button', onclick: () => choose(one),
  }, one.name)));
  drawChips();

  const again = el('button', { class: 'button small', type: 'button',
    onclick: () => busy(again, () => load(true).catch(() => load(false))) },
  'Refresh');

  fill(node,
    el('div', { class: 'spread' }, chips,
      el('div', { class: 'row' }, asOf, again)),
    own, place);

  live.refresh((quiet) => (node.hidden ? undefined : load(quiet)));
};
