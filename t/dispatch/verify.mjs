// Checks signatures with a library that is not ours: reads a JSON array of
// {secret, body, headers}, prints one of "ok" or what is wrong.

import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const results = JSON.parse(readFileSync(0, 'utf8')).map((one) => {
  try {
    new Webhook(one.secret).verify(one.body, one.headers);
    return 'ok';
  } catch (error) {
    return error.message;
  }
});

console.log(JSON.stringify(results));
