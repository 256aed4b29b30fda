/*
 * forms.js: fields with their errors, and dialogs.
 *
 *   field({name, label, type, value, hint, optional, rows, options, ...attrs})
 *        label and input (or textarea: rows; select: options [[value, text]])
 *   values(form)            {name: value}; what is empty is left out, names
 *                           with a dot nest: 'shipping_address.city'
 *   showErrors(form, problem)   each error at its field, the others on top;
 *                           the first wrong field gets the focus
 *   clearErrors(form)
 *   submit(form, work)      on submit: clearErrors, work(values) once at a
 *                           time, showErrors of the Problem it throws
 *   dialog({title, body, foot, form})   {node, close(value), closed: Promise};
 *                           with form, all is inside of it
 *   confirm({title, text, action, danger})   Promise of true or false
 */

import { busy, el, moveMessages } from './ui.js';

let ids = 0;

const control = (given) => {
  const { options, rows, ...attrs } = given;

  if (options) {
    return el('select', attrs, options.map(([value, text]) =>
      el('option', { value }, text)));
  }

  return rows ? el('textarea', { ...attrs, rows })
    : el('input', { type: 'text', ...attrs });
};

export const field = ({ label, hint, optional, ...given }) => {
  const id = given.id ?? `field-${ids += 1}`;
  const hintId = `${id}-hint`;

  return el('div', { class: 'field', data: { field: given.name } },
    el('label', { for: id }, label,
      optional && el('span', { class: 'optional' }, ' (optional)')),
    control({
      ...given, id, required: !optional,
      'aria-describedby': hint ? hintId : undefined,
    }),
    hint && el('p', { class: 'hint', id: hintId }, hint));
};

export const values = (form) => {
  const all = {};

  new FormData(form).forEach((value, name) => {
    const text = String(value).trim();

    if (text === '') {
      return;
    }

    const path = name.split('.');
    const last = path.pop();
    const place = path.reduce((into, part) => (into[part] ??= {}), all);

    place[last] = text;
  });

  return all;
};

export const clearErrors = (form) => {
  form.querySelectorAll('.error, .form-error').forEach((n) => n.remove());
  form.querySelectorAll('[aria-invalid]').forEach((input) => {
    const kept = (input.getAttribute('aria-describedby') ?? '').split(' ')
      .filter((id) => id && !id.endsWith('-error'));

    input.removeAttribute('aria-invalid');

    if (kept.length) {
      input.setAttribute('aria-describedby', kept.join(' '));
    } else {
      input.removeAttribute('aria-describedby');
    }
  });
};

const mark = (input, message) => {
  const id = `${input.id || `field-${ids += 1}`}-error`;
  const about = input.getAttribute('aria-describedby');

  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', about ? `${about} ${id}` : id);
  (input.closest('.field') ?? input.parentElement)
    .append(el('p', { class: 'error', id }, message));
};

/* "shippingAddress.city" of one body is "shipping_address.city" of another */
const plain = (name) => name.replaceAll('_', '').toLowerCase();

const inputOf = (form, name) => [...form.elements]
  .find((input) => input.name && plain(input.name) === plain(name));

export const showErrors = (form, problem) => {
  clearErrors(form);

  const here = problem.errors.filter(({ field: name, message }) => {
    const input = inputOf(form, name ?? '');

    if (input) {
      mark(input, message);
    }

    return input;
  });

  const others = problem.errors.filter((error) => !here.includes(error));
  const texts = here.length && !others.length ? []
    : others.length ? others.map((error) => error.message)
      : [problem.message];

  if (texts.length) {
    (form.querySelector('.dialog-body') ?? form).prepend(el('div', {
      class: 'notice form-error', role: 'alert', tabindex: '-1',
      data: { tone: 'alert' },
    }, texts.map((text) => el('p', {}, text))));
  }

  (form.querySelector('[aria-invalid]')
    ?? form.querySelector('.form-error'))?.focus();
};

export const submit = (form, work) => {
  form.noValidate = true;

  form.addEventListener('submit', (event) => {
    event.preventDefault();

    const button = event.submitter
      ?? form.querySelector('button[type="submit"], button:not([type])');

    busy(button, async () => {
      clearErrors(form);

      const missing = [...form.elements].filter((input) =>
        input.willValidate && !input.checkValidity());

      if (missing.length) {
        showErrors(form, {
          message: '',
          errors: missing.map((input) => ({
            field: input.name, message: input.validationMessage,
          })),
        });
        return;
      }

      try {
        await work(values(form), button);
      } catch (problem) {
        if (problem.name !== 'Problem') {
          console.error(problem);
        }

        showErrors(form, problem.name === 'Problem' ? problem
          : { message: 'Something went wrong on this page.', errors: [] });
      }
    });
  });
};

export const dialog = ({ title, body, foot, form }) => {
  const titleId = `dialog-${ids += 1}`;
  let result;
  let done;
  const closed = new Promise((resolve) => { done = resolve; });

  const close = (value) => {
    result = value;
    node.close();
  };

  const inner = [
    el('div', { class: 'dialog-head' },
      el('h2', { id: titleId }, title),
      el('button', {
        class: 'dialog-close', type: 'button', 'aria-label': 'Close',
        onclick: () => close(),
      }, '×')),
    el('div', { class: 'dialog-body' }, body),
    foot && el('div', { class: 'dialog-foot' }, foot),
  ];

  if (form) {
    form.append(...inner.filter(Boolean));
  }

  const node = el('dialog',
    { class: 'dialog', 'aria-labelledby': titleId }, form ?? inner);

  node.addEventListener('close', () => {
    moveMessages(node);
    node.remove();
    done(result);
  });

  document.body.append(node);
  node.showModal();

  /* the cross is first in the order of focus, and seldom what one wants */
  node.querySelector('.dialog-body :is(input, select, textarea, button)')
    ?.focus();

  return { node, close, closed };
};

export const confirm = ({ title, text, action, danger }) => {
  const box = dialog({
    title,
    body: el('p', {}, text),
    foot: [
      el('button', {
        class: 'button', type: 'button', onclick: () => box.close(false),
      }, 'Not now'),
      el('button', {
        class: `button primary${danger ? ' danger' : ''}`, type: 'button',
        onclick: () => box.close(true),
      }, action),
    ],
  });

  return box.closed.then(Boolean);
};
