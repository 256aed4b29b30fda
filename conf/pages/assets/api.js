/*
 * api.js: talking to the API.
 *
 *   get(path, {query})             the body of the answer
 *   post, put, patch(path, body, {key, ifMatch}),  del(path, {ifMatch})
 *   request(method, path, {...})   {status, data, etag, headers}
 *   pages(path, query, read)       one list page by page: {items, more, next()}
 *   formKey(name)                  Idempotency-Key of one filled form
 *   Problem                        what all of them throw
 *   events                         EventTarget: "unauthorized" where a request
 *                                  found that nobody is signed in any more
 *
 * A Problem has the members of problem+json: status, code, message, errors
 * ([{field, message}]), canRetry, suggestedAction, body.  Without an answer its
 * status is 0 and its code OFFLINE; one without a body of ours (nginx's own
 * page) has the code UNAVAILABLE.
 */

export const events = new EventTarget();

export class Problem extends Error {
  constructor(status, body) {
    super(body.message ?? 'Something went wrong.');
    this.name = 'Problem';
    this.status = status;
    this.code = body.code ?? 'UNAVAILABLE';
    this.errors = body.errors ?? [];
    this.canRetry = body.canRetry ?? (status === 0 || status >= 500);
    this.suggestedAction = body.suggestedAction ?? null;
    this.body = body;
  }
}

const offline = () => new Problem(0, {
  code: 'OFFLINE',
  message: navigator.onLine
    ? 'The shop cannot be reached right now.'
    : 'You are offline.',
  suggestedAction: 'Check your connection and try again',
  canRetry: true,
});

const pause = (seconds) =>
  new Promise((done) => setTimeout(done, seconds * 1000));

/* arguments that are undefined, null or empty are left out */
const address = (path, query) => {
  const list = Object.entries(query ?? {})
    .filter(([, value]) => value !== undefined && value !== null
      && value !== '');

  return list.length === 0 ? path : `${path}?${new URLSearchParams(list)}`;
};

const readBody = async (response) => {
  const text = await response.text();

  if (text === '') {
    return null;
  }

  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const attempt = async (method, url, options) => {
  const headers = { Accept: 'application/json' };

  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  if (options.key !== undefined) {
    headers['Idempotency-Key'] = String(options.key);
  }
  if (options.ifMatch) {
    headers['If-Match'] = options.ifMatch;
  }

  let response;
  let data;

  try {
    response = await fetch(url, {
      method,
      headers,
      body: options.body === undefined
        ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      credentials: 'same-origin',
    });
    data = await readBody(response);
  } catch (error) {
    throw error.name === 'AbortError' ? error : offline();
  }

  if (response.ok) {
    return {
      status: response.status,
      data,
      etag: response.headers.get('ETag'),
      headers: response.headers,
    };
  }

  const problem = new Problem(response.status, data ?? {
    message: 'The shop is not available right now.',
    suggestedAction: 'Try again in a moment',
  });

  problem.retryAfter = Number(response.headers.get('Retry-After')) || null;
  throw problem;
};

/*
 * What is safe to repeat is repeated: reads, and writes with a key, where the
 * answer says when; three times at most, and not with once.  With quiet, 401 is
 * no event.
 */
export const request = async (method, path, options = {}) => {
  const url = address(path, options.query);
  const repeatable = !options.once
    && (method === 'GET' || options.key !== undefined);

  for (let times = 1; ; times += 1) {
    try {
      return await attempt(method, url, options);
    } catch (problem) {
      if (problem.status === 401 && problem.code !== 'BAD_CREDENTIALS'
          && !options.quiet) {
        events.dispatchEvent(new CustomEvent('unauthorized',
          { detail: problem }));
      }

      if (!repeatable || !problem.canRetry || !problem.retryAfter
          || problem.retryAfter > 5 || times === 3) {
        throw problem;
      }

      await pause(problem.retryAfter + Math.random());
    }
  }
};

const body = (method) => async (path, data, options) =>
  (await request(method, path, { ...options, body: data })).data;

export const get = async (path, options) =>
  (await request('GET', path, options)).data;

export const post = body('POST');
export const put = body('PUT');
export const patch = body('PATCH');

export const del = async (path, options) =>
  (await request('DELETE', path, options)).data;

/*
 * A list, page by page.  read(data) takes the items out of a body (a bare
 * array unless given); the next page is in Link or next_cursor.
 *
 *   const list = await pages('/api/products', {store}, (d) => d.products);
 *   show(list.items);  if (list.more) { show((await list.next()).items); }
 */
export const pages = async (path, query = {}, read = (data) => data) => {
  const answer = await request('GET', path, { query });
  const link = answer.headers.get('Link') ?? '';
  const next = /<([^>]+)>;\s*rel="?next"?/.exec(link);
  const cursor = answer.data?.next_cursor
    ?? (next && new URL(next[1], location.href).searchParams.get('cursor'));

  return {
    items: read(answer.data),
    data: answer.data,
    more: Boolean(cursor),
    next: () => pages(path, { ...query, cursor }, read),
  };
};

/*
 * The key of one filled form: the same until done() says that it succeeded,
 * also across a reload of the page, so that neither a double click nor an
 * answer that was lost does it twice.
 *
 *   const key = formKey('checkout');
 *   await post('/api/place-order', order, {key});  key.done();
 *
 * 422 IDEMPOTENCY_KEY_REUSED: the form was sent before with other words, and
 * that went through.  Tell so, then done().
 */
export const formKey = (name) => {
  const place = `key:${name}`;

  /* crypto.randomUUID() is missing where the page is not from https */
  const made = () => Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, '0')).join('');

  let value = sessionStorage.getItem(place) ?? made();

  sessionStorage.setItem(place, value);

  return {
    toString: () => value,
    done: () => {
      value = made();
      sessionStorage.setItem(place, value);
    },
  };
};
