"""What the tests have around them: the database, the dispatchers that they
start, a mail server and a receiver of webhooks."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import psycopg
from psycopg.rows import namedtuple_row

from exim import Exim
from receiver import Receiver

TOP = os.environ['ORDER_TOP']
DIR = os.environ['ORDER_DIR']
TOOLS = os.environ['ORDER_TOOLS']
URL = os.environ['ORDER_URL']

PATIENCE = 60       # s, for what comes at once on a machine that is idle
LOOPBACK = '127.0.0.0/8', '::1/128'


def wait_for(what, condition):
    """What the condition gives, as soon as that is true."""
    end = time.monotonic() + PATIENCE

    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f'no {what} in {PATIENCE} s')
        time.sleep(0.02)

    return found


class Dispatcher:
    """A running scripts/dispatch."""

    number = 0

    def __init__(self, *options, **environment):
        Dispatcher.number += 1
        self.path = f'{DIR}/dispatch-{Dispatcher.number}.log'

        with open(self.path, 'w') as log:
            self.process = subprocess.Popen(
                [f'{TOP}/scripts/dispatch', '--db',
                 f'host={DIR}/db dbname=shop user=order_dispatch',
                 *map(str, options)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={
                    **os.environ, 'SSL_CERT_FILE': f'{DIR}/tls/ca.pem',
                    **environment})

    def log(self):
        with open(self.path) as file:
            return file.read()

    def says(self, words):
        wait_for(f'"{words}" of the dispatcher', lambda: words in self.log())

    def tell(self, number):
        self.process.send_signal(number)

    def ended(self):
        """Its exit code."""
        return self.process.wait(PATIENCE)

    def kill(self):
        self.tell(signal.SIGKILL)
        self.ended()


class World:
    def __init__(self):
        self.db = self.connect()
        self.exim = Exim(DIR, TOOLS)
        self.receiver = Receiver(f'{DIR}/tls/localhost')
        self.running = []

    def connect(self):
        return psycopg.connect(f'host={DIR}/db dbname=shop user=postgres',
                               autocommit=True, row_factory=namedtuple_row)

    def end(self):
        self.stop_all()
        self.exim.stop()

    def stop_all(self):
        for dispatcher in self.running:
            dispatcher.kill()
        self.running = []

    def tidy(self):
        self.stop_all()
        self.receiver.tidy()
        self.exim.start()
        self.exim.tidy()
        self.sql('DELETE FROM shop.outbox')
        self.sql('DELETE FROM shop.webhook_endpoints')
        self.sql("""UPDATE shop.outbox_settings
                       SET mail = true, mail_from = 'shop@example.com',
                           mail_from_name = 'Café Größe',
                           base_url = 'https://shop.example.com'""")

    def said(self):
        return ''.join(f'--- {d.path}\n{d.log()}' for d in self.running)

    # --- the database

    def sql(self, statement, *values):
        cursor = self.db.execute(statement, values)
        return cursor.fetchall() if cursor.description else None

    def one(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def mail(self, to='buyer@example.com', name='John Doe', subject='Hello',
             body='Text.\n'):
        """Puts a mail into the outbox, and returns its id."""
        return self.one("""INSERT INTO shop.outbox (kind, event, mail_to,
                               mail_to_name, subject, body)
                           VALUES ('mail', 'order.created', %s, %s, %s, %s)
                           RETURNING id""", to, name, subject, body)

    def endpoint(self, url, secret, old_secret=None):
        return self.one("""INSERT INTO shop.webhook_endpoints (url, events,
                               secret, old_secret, old_until)
                           VALUES (%s, '{order.created}', %s, %s,
                               CASE WHEN %s THEN now() + interval '1 hour' END)
                           RETURNING id""", url, secret, old_secret,
                        old_secret is not None)

    def webhook(self, endpoint, body='{"type": "order.created"}', count=1):
        rows = self.sql("""INSERT INTO shop.outbox (kind, event, endpoint_id,
                               body)
                           SELECT 'webhook', 'order.created', %s, %s
                             FROM generate_series(1, %s)
                           RETURNING id""", endpoint, body, count)
        return rows[0].id if count == 1 else [row.id for row in rows]

    def row(self, number):
        return self.sql('SELECT * FROM shop.outbox WHERE id = %s', number)[0]

    def attempts(self, number):
        return self.sql("""SELECT * FROM shop.outbox_attempts
                            WHERE outbox_id = %s ORDER BY attempt""", number)

    def last(self, number):
        return self.attempts(number)[-1]

    def due(self):
        """Lets no back-off pass."""
        self.sql("""UPDATE shop.outbox SET due_at = now()
                     WHERE state = 'waiting' AND NOT leased""")
        self.sql("""UPDATE shop.webhook_endpoints
                       SET rest_until = NULL, failures = 0""")

    def lease_over(self):
        self.sql('UPDATE shop.outbox SET due_at = now() WHERE leased')
        self.sql("SELECT dispatch.take('{mail,webhook}', 0, '1 min')")

    def recorded(self, number, state):
        wait_for(f'{state} of {number}',
                 lambda: self.row(number).state == state)

    @contextmanager
    def unrecorded(self):
        """Meanwhile nobody can record a result."""
        with self.connect() as lock, lock.transaction():
            lock.execute('SELECT FROM shop.outbox_counts FOR UPDATE')
            yield

    def recording(self):
        """The backend of a dispatcher that waits for our lock."""
        return wait_for('a dispatcher that records', lambda: self.sql(
            """SELECT pid FROM pg_stat_activity
                WHERE usename = 'order_dispatch'
                  AND wait_event_type = 'Lock'"""))[0].pid

    # --- dispatchers

    def start(self, *options, **environment):
        dispatcher = Dispatcher(*options, **environment)
        self.running.append(dispatcher)
        return dispatcher

    def once(self, *options, code=0, **environment):
        """What a dispatcher said that served what was due and left."""
        dispatcher = self.start('--once', *options, **environment)

        if (left := dispatcher.ended()) != code:
            raise AssertionError(f'exit code {left}')

        return dispatcher.log()

    def local(self, *options):
        """The options for webhooks to ourselves."""
        return '--allow-private', *LOOPBACK, *options

    # --- the shop

    def call(self, method, path, body, user):
        token = self.login(user)
        return self.request(method, path, body,
                            {'Authorization': f'Bearer {token}'})

    def login(self, user):
        return self.request('POST', '/api/auth/login', {
            'email': user, 'password': 'demo'})['token']

    def request(self, method, path, body, headers={}):
        request = urllib.request.Request(
            URL + path, json.dumps(body).encode(), method=method,
            headers={'Content-Type': 'application/json', **headers})

        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
