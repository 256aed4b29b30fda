/*
 * plots.js: plots as SVG, drawn for the width that there is, so that their
 * words stay as large as others.  Each has its numbers as a table, too.
 *
 *   columnPlot({title, note, empty, points, parts})
 *        points: [{label, long, values: [n, n …]}], stacked, from below;
 *        parts: [{name}], what the values are
 *   barPlot({title, note, empty, bars, heads, format})
 *        bars: [{label, value, text, tone}], longest first if so given;
 *        heads: of the table; format(value)
 */

import { count, el, fill, svg } from './ui.js';

const least = 240;

/* drawn again when the width changes: a tab that opens, a phone that turns */
const stage = (draw) => {
  const node = el('div', { class: 'plot-stage' });
  let width = 0;

  new ResizeObserver(([entry]) => {
    const next = Math.max(least, Math.floor(entry.contentRect.width));

    if (entry.contentRect.width > 0 && next !== width) {
      width = next;
      fill(node, draw(width));
    }
  }).observe(node);

  return node;
};

const table = (title, heads, rows) => el('details', { class: 'fold' },
  el('summary', {}, 'As a table'),
  el('div', { class: 'plot-numbers' }, el('table', {},
    el('caption', { class: 'visually-hidden' }, title),
    el('thead', {}, el('tr', {}, heads.map((text, at) => el('th',
      { scope: 'col', class: at ? 'end' : null }, text)))),
    el('tbody', {}, rows.map(([first, ...rest]) => el('tr', {},
      el('th', { scope: 'row' }, first),
      rest.map((text) => el('td', { class: 'end' }, text))))))));

const plot = ({ title, note, empty, some, legend, draw, heads, rows }) =>
  el('figure', { class: 'card plot' },
    el('figcaption', {}, el('h2', {}, title),
      note && el('p', { class: 'muted small' }, note)),
    some ? [legend, stage(draw), table(title, heads, rows)]
      : el('p', { class: 'plot-empty muted' }, empty));

const canvas = (label, width, height, ...children) => svg('svg', {
  class: 'plot-canvas', role: 'img', 'aria-label': label,
  viewBox: `0 0 ${width} ${height}`, width, height,
}, children);

/* 1, 2 or 5 times a power of ten, never a part of an order */
const stepOf = (most, lines) => {
  const rough = Math.max(1, most / lines);
  const power = 10 ** Math.floor(Math.log10(rough));

  return power * [1, 2, 5, 10].find((times) => times * power >= rough);
};

/* round above; square below, where it stands on something */
const column = (x, y, width, height, round) => {
  const r = round ? Math.min(4, width / 2, height) : 0;

  return `M${x} ${y + height}v${r - height}q0 ${-r} ${r} ${-r}h${
    width - 2 * r}q${r} 0 ${r} ${r}v${height - r}z`;
};

const sum = (values) => values.reduce((a, b) => a + b, 0);

const drawColumns = (points, label) => (width) => {
  const height = 240;
  const top = 12;
  const base = height - 28;
  const most = Math.max(1, ...points.map(({ values }) => sum(values)));
  const step = stepOf(most, 4);
  const limit = Math.ceil(most / step) * step;
  const left = 12 + 8 * count(limit).length;
  const slot = (width - left) / points.length;
  const thick = Math.min(44, slot * .68);
  const y = (value) => base - (base - top) * value / limit;
  const every = Math.ceil(58 / slot);

  const lines = Array.from({ length: Math.round(limit / step) + 1 },
    (_, at) => at * step).map((value) => svg('g', {},
    svg('line', { class: value ? 'plot-line' : 'plot-base', x1: left,
      x2: width, y1: y(value), y2: y(value) }),
    svg('text', { class: 'plot-text end', x: left - 8, y: y(value) + 4 },
      count(value))));

  const columns = points.map((point, at) => {
    const x = left + slot * at + (slot - thick) / 2;
    let from = 0;

    return svg('g', {},
      svg('title', {}, point.tip),
      svg('rect', { class: 'plot-touch', x: left + slot * at, y: top,
        width: slot, height: base - top }),
      point.values.map((value, part) => {
        const to = from + value;
        const above = sum(point.values.slice(part + 1)) > 0;
        const path = value > 0 && svg('path', { class: `plot-part-${part}`,
          d: column(x, y(to), thick, y(from) - y(to), !above) });

        from = to;
        return path;
      }),
      at % every === 0 && svg('text', { class: 'plot-text middle',
        x: Math.min(left + slot * (at + .5), width - 24), y: height - 8 },
      point.label));
  });

  return canvas(label, width, height, lines, columns);
};

export const columnPlot = ({ title, note, empty, points, parts }) => {
  const total = sum(points.map(({ values }) => sum(values)));
  const label = `${title}: ${count(total)} in all; the numbers are in the `
    + 'table below';

  const told = points.map((point) => ({
    ...point,
    tip: `${point.long}: ${parts.map(({ name }, at) =>
      `${count(point.values[at])} ${name}`).join(', ')}`,
  }));

  return plot({
    title, note, empty, some: total > 0,
    legend: el('ul', { class: 'plot-legend' }, parts.map(({ name }, at) =>
      el('li', { class: `plot-swatch-${at}` }, name))),
    draw: drawColumns(told, label),
    heads: ['Time', ...parts.map(({ name }) => name), 'Total'],
    rows: points.map(({ long, values }) => [long, ...values.map(count),
      count(sum(values))]),
  });
};

/* The label above its bar: long ones fit on a phone, too */
const drawBars = (bars, format, label) => (width) => {
  const line = 46;
  const most = Math.max(...bars.map(({ value }) => value)) || 1;

  return canvas(label, width, bars.length * line, bars.map((bar, at) => {
    const y = at * line;
    const long = Math.max(bar.value > 0 ? 4 : 0, width * bar.value / most);

    return svg('g', {},
      svg('title', {}, `${bar.label}: ${format(bar.value)}`),
      svg('text', { class: 'plot-label', x: 0, y: y + 16 }, bar.label),
      svg('text', { class: 'plot-value end', x: width, y: y + 16 },
        bar.text ?? format(bar.value)),
      svg('rect', { class: 'plot-track', x: 0, y: y + 24, width, height: 10,
        rx: 5 }),
      svg('rect', { class: 'plot-bar', 'data-tone': bar.tone, x: 0, y: y + 24,
        width: long, height: 10, rx: Math.min(5, long / 2) }));
  }));
};

export const barPlot = ({ title, note, empty, bars, heads, format = count,
  rows }) => plot({
  title, note, empty,
  some: bars.some(({ value }) => value > 0),
  draw: drawBars(bars, format,
    `${title}: ${bars.map((bar) =>
      `${bar.label} ${bar.text ?? format(bar.value)}`).join('; ')}`),
  heads,
  rows: rows ?? bars.map((bar) => [bar.label, format(bar.value)]),
});
