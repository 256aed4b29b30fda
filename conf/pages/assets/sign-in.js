/*
 * sign-in.js: e-mail address and password, then to where one came from.
 */

import { start } from './chrome.js';
import { field, showErrors, submit } from './forms.js';
import { home, nextPath, signIn } from './session.js';
import { el } from './ui.js';

/* what scripts/run has put into the database; take it away elsewhere */
const demo = [
  ['buyer@example.com', 'John buys'],
  ['seller@example.com', 'Alice sells electronics'],
  ['manager@example.com', 'Bob runs a kitchen'],
  ['market@example.com', 'Carol sells on the marketplace'],
  ['driver@example.com', 'Erin delivers'],
  ['admin@example.com', 'Grace administers'],
];

const user = await start();

const form = el('form', { class: 'form card', method: 'post' },
  field({
    name: 'email', label: 'E-mail address', type: 'email',
    autocomplete: 'username', maxlength: 254,
  }),
  field({
    name: 'password', label: 'Password', type: 'password',
    autocomplete: 'current-password', maxlength: 72,
  }),
  el('button', { class: 'button primary wide', type: 'submit' }, 'Sign in'));

submit(form, async ({ email, password }) => {
  try {
    const who = await signIn(email, password);

    location.assign(nextPath() ?? home(who.role));
  } catch (problem) {
    if (problem.code !== 'BAD_CREDENTIALS') {
      throw problem;
    }

    form.elements.password.value = '';
    showErrors(form, {
      errors: [],
      message: 'This address and this password do not belong together.',
    });
    form.elements.password.focus();
  }
});

const fillIn = (email) => {
  form.elements.email.value = email;
  form.elements.password.value = 'demo';
  form.requestSubmit();
};

document.querySelector('main').append(
  el('div', { class: 'stack tight' },
    el('h1', {}, 'Welcome back'),
    el('p', { class: 'lead' }, 'Sign in to order, to sell or to deliver.')),
  user ? el('p', { class: 'notice', data: { tone: 'done' } },
    `You are signed in as ${user.name}.`,
    el('a', { href: nextPath() ?? home(user.role) }, 'Go on')) : '',
  form,
  el('section', { class: 'stack tight', 'aria-labelledby': 'demo' },
    el('h2', { class: 'eyebrow', id: 'demo' }, 'Or look around as'),
    el('div', { class: 'choices columns' }, demo.map(([email, text]) =>
      el('button', {
        class: 'button', type: 'button', onclick: () => fillIn(email),
      }, text)))));
