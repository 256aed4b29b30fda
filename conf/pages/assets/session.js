/*
 * session.js: who is signed in.  The cookie is not for scripts; the API tells.
 *
 *   me()                  the user {id, email, name, role}, or null; asked once
 *   signIn(email, word)   the user; throws a Problem (BAD_CREDENTIALS …)
 *   signOut()
 *   home(role)            the page where such a user begins
 *   nextPath(search)      ?next=, if it is a path of this origin, else null
 *   signInAddress()       /sign-in, and back to here
 *
 * Other tabs of this browser reload when somebody signs in or out.
 */

import { get, post } from './api.js';

const channel = 'BroadcastChannel' in window
  ? new BroadcastChannel('session') : null;
let asked = null;

channel?.addEventListener('message', () => location.reload());

/* of this tab, for a reload while the database is away */
const remember = (user) => {
  if (user) {
    sessionStorage.setItem('user', JSON.stringify(user));
  } else {
    sessionStorage.removeItem('user');
  }

  return user;
};

const remembered = () => JSON.parse(sessionStorage.getItem('user') ?? 'null');

export const me = () => {
  asked ??= get('/api/auth/me', { quiet: true, once: true })
    .then((data) => remember(data.user))
    .catch((problem) => {
      if (problem.status === 401 || problem.status === 404) {
        return remember(null);
      }

      const user = remembered();

      if (!user) {
        asked = null;
        throw problem;
      }

      return user;
    });

  return asked;
};

export const signIn = async (email, password) => {
  const { user } = await post('/api/auth/login', { email, password });

  asked = Promise.resolve(remember(user));
  channel?.postMessage('in');
  return user;
};

export const signOut = async () => {
  await post('/api/auth/logout');
  asked = Promise.resolve(null);
  sessionStorage.clear();
  channel?.postMessage('out');
};

export const home = (role) => ({
  manager: '/seller-dashboard',
  driver: '/driver',
  admin: '/admin',
}[role] ?? '/');

/* "//host" and "/\host" are other hosts */
export const nextPath = (search = location.search) => {
  const path = new URLSearchParams(search).get('next');

  if (!path) {
    return null;
  }

  try {
    const url = new URL(path, location.origin);

    return path.startsWith('/') && url.origin === location.origin
      && !url.pathname.startsWith('//')
      ? url.pathname + url.search + url.hash : null;
  } catch {
    return null;
  }
};

export const signInAddress = () => `/sign-in?next=${
  encodeURIComponent(location.pathname + location.search + location.hash)}`;
