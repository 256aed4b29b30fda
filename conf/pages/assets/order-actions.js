/*
 * order-actions.js: what a buyer can do with an order.  The order's workflow
 * says what is allowed from its status; the API has the last word.
 *
 *   actions(order, flow, {etag, changed, gone})   buttons, or none
 *
 * changed() after something was done or refused, gone() after a deletion.
 */

import { del, formKey, patch, post, put } from './api.js';
import { confirm, dialog, field, submit } from './forms.js';
import { busy, el, toast } from './ui.js';

const at = (order, rest = '') =>
  `/api/orders/${encodeURIComponent(order.id)}${rest}`;

const ask = async ({ title, text, fields, action, danger, work }) => {
  const form = el('form', { class: 'form' });

  const box = dialog({
    title,
    form,
    body: [el('p', {}, text), fields],
    foot: [
      el('button', {
        class: 'button', type: 'button', onclick: () => box.close(false),
      }, 'Not now'),
      el('button', {
        class: `button primary${danger ? ' danger' : ''}`, type: 'submit',
      }, action),
    ],
  });

  submit(form, async (given) => {
    await work(given);
    box.close(true);
  });

  return box.closed;
};

/* 409 and 412: it has moved on meanwhile, and what stands here is old */
const moved = (problem) => problem.status === 409 || problem.status === 412;

const guarded = (work, changed) => async (given) => {
  try {
    await work(given);
  } catch (problem) {
    if (moved(problem)) {
      changed();
      problem.message = problem.status === 412
        ? 'This order has just changed. Have a look, then try again.'
        : problem.message;
    }

    throw problem;
  }
};

const cancel = (order, options) => ask({
  title: 'Cancel this order?',
  text: 'The seller is told at once. An order that is cancelled stays so.',
  fields: field({
    name: 'reason', label: 'Why?', optional: true, rows: 2, maxlength: 500,
  }),
  action: 'Cancel order',
  danger: true,
  work: guarded(({ reason }) => patch(at(order, '/cancel'),
    reason ? { reason } : {}, { ifMatch: options.etag }), options.changed),
});

const giveBack = (order, options) => ask({
  title: 'Return this order?',
  text: 'The seller is told that it comes back. This cannot be undone here.',
  fields: field({
    name: 'notes', label: 'What is wrong with it?', optional: true, rows: 3,
    maxlength: 2000,
  }),
  action: 'Return order',
  danger: true,
  work: guarded((given) => put(at(order, '/status'),
    { status: 'returned', ...given }, { ifMatch: options.etag }),
  options.changed),
});

const reasons = ['It did not arrive', 'It is damaged',
  'It is not what I ordered', 'Something is missing', 'Something else'];

const dispute = (order, options) => {
  const key = formKey(`dispute:${order.id}`);

  return ask({
    title: 'Open a dispute?',
    text: 'Somebody of ours looks at it and decides. Until then the order '
      + 'stays where it is.',
    fields: [
      field({
        name: 'reason', label: 'What happened?',
        options: reasons.map((text) => [text, text]),
      }),
      field({
        name: 'description', label: 'Tell us more', optional: true, rows: 4,
        maxlength: 2000,
      }),
    ],
    action: 'Open dispute',
    work: guarded(async (given) => {
      try {
        await post(at(order, '/dispute'), given, { key });
      } catch (problem) {
        if (problem.code !== 'IDEMPOTENCY_KEY_REUSED') {
          throw problem;
        }
        /* the answer to the first one was lost */
      }

      key.done();
    }, options.changed),
  });
};

const move = (order, status, options, known) => ask({
  title: known.title ?? `${status.label}?`,
  text: known.about ?? status.message,
  action: known.text,
  work: guarded(() => put(at(order, '/status'), { status: status.code },
    { ifMatch: options.etag }), options.changed),
});

const remove = async (order, options) => {
  if (!await confirm({
    title: 'Delete this order?',
    text: `${order.orderNumber} disappears from your list for good.`,
    action: 'Delete order',
    danger: true,
  })) {
    return;
  }

  try {
    await del(at(order), { ifMatch: options.etag });
  } catch (problem) {
    if (problem.status !== 404) {
      toast(problem.message, { tone: 'alert' });
      options.changed();
      return;
    }
  }

  options.gone();
};

/* What a step is for a buyer; others are called as the workflow calls them */
const steps = {
  cancelled: { text: 'Cancel order', class: 'danger', run: cancel,
    done: 'Your order is cancelled.' },
  returned: { text: 'Return order', class: '', run: giveBack,
    done: 'The seller knows that it comes back.' },
  disputed: { text: 'Open a dispute', class: '', run: dispute,
    done: 'Your dispute is open.' },
  completed: {
    text: 'Complete order',
    class: 'primary',
    title: 'Is all well?',
    about: 'Then this order is over, and cannot be disputed any more.',
    done: 'Thank you. This order is complete.',
  },
};

const step = (order, status, options) => {
  const known = steps[status.code] ?? { text: status.label, class: '' };

  const button = el('button', {
    class: `button ${known.class}`, type: 'button',
    data: { action: status.code },
    onclick: () => busy(button, async () => {
      const did = known.run ? await known.run(order, options)
        : await move(order, status, options, known);

      if (did) {
        toast(known.done ?? status.message);
        options.changed();
      }
    }),
  }, known.text);

  return button;
};

export const actions = (order, flow, options) => {
  const allowed = flow.transitions.filter((one) =>
    one.from === order.status && one.roles.includes('customer'));

  const list = allowed.map((one) => step(order,
    flow.statuses.find((status) => status.code === one.to), options))
    .sort((a, b) => b.matches('.primary') - a.matches('.primary'));

  if (order.final) {
    const button = el('button', {
      class: 'button quiet', type: 'button', data: { action: 'delete' },
      onclick: () => busy(button, () => remove(order, options)),
    }, 'Delete order');

    list.push(button);
  }

  return list;
};
