/*
 * TAP as prove likes it: node's own has YAML that prove cannot read, and prove
 * does not show it.  Why a test failed goes to stderr.
 */

const plain = (text) => text.replace(/\u001b\[\d+m/g, '');

const why = ({ error }) => {
  const cause = error.cause ?? error;
  const text = cause instanceof Error
    ? `${cause.message}\n${cause.stack.replace(/^[^]*?(?=\n +at )/, '')}`
    : String(cause);

  return plain(text).trim().replace(/^/gm, '#     ');
};

export default async function* tap(events) {
  let number = 0;

  for await (const { type, data } of events) {
    if (data.nesting === 0 && (type === 'test:pass' || type === 'test:fail')) {
      const seconds = (data.details.duration_ms / 1000).toFixed(1);

      number += 1;
      yield `${type === 'test:pass' ? 'ok' : 'not ok'} ${number} - ${
        data.name}\n# ${seconds} s\n`;

      if (type === 'test:fail') {
        process.stderr.write(
          `#   Failed test '${data.name}'\n${why(data.details)}\n`);
      }
    }
  }

  yield `1..${number}\n`;
}
