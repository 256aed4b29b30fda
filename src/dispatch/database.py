"""The database: the connection, and the functions of schema "dispatch"."""

import random
import time
from datetime import timedelta

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import namedtuple_row

from common import ERROR, WARNING, log, plain

CONNECT = 5         # s: to one host
LONGEST_PAUSE = 5   # s: between two attempts to connect

class Database:
    """The connection, or how long it has been gone."""

    TAKE = 'SELECT * FROM dispatch.take(%s, %s, %s)'
    DONE = 'SELECT dispatch.done(%s, %s, %s, %s, %s)'
    FAILED = 'SELECT dispatch.failed(%s, %s, %s, %s, %s, %s, %s)'
    MAINTAIN = 'SELECT dispatch.maintain()'

    def __init__(self, conninfo):
        self.hosts = list(conninfo_each(conninfo))
        self.conn = None
        self.listens = False
        self.cause = None
        self.lost_at = None
        self.retry_at = 0
        self.pause = 0

    def connect(self):
        """Tries the hosts one after another: in one attempt of libpq's, a
        dead one would use up the time of the others."""
        for params in self.hosts:
            try:
                conn = psycopg.connect(make_conninfo(**params),
                                       autocommit=True,
                                       prepare_threshold=None,
                                       row_factory=namedtuple_row)
                break
            except psycopg.Error as error:
                failed = error
        else:
            raise failed

        self.conn = conn
        self.listens = False

    def listen(self):
        if not self.listens:
            self.conn.execute('LISTEN dispatch')
            self.listens = True

    def back(self):
        """After all went well."""
        if self.cause:
            log(WARNING, 'database: back after '
                f'{time.monotonic() - self.lost_at:.1f} s')
        self.cause = None
        self.pause = 0

    def lost(self, error):
        cause = plain(error)

        if not self.cause:
            self.lost_at = time.monotonic()
        if cause != self.cause:
            log(ERROR, f'database: {cause}')

        self.cause = cause
        self.pause = min(max(0.1, 2 * self.pause), LONGEST_PAUSE)
        self.retry_at = time.monotonic() + self.pause * random.uniform(0.5, 1)

        if self.conn:
            self.conn.close()
            self.conn = None

    def rang(self):
        """Empties the connection's socket of doorbells."""
        self.conn.pgconn.consume_input()

        while self.conn.pgconn.notifies():
            pass

    def take(self, kind, limit, lease):
        return self.conn.execute(
            self.TAKE, ([kind], limit, timedelta(seconds=lease))).fetchall()

    def record(self, result):
        row, failure = result.row, result.failure
        said = row.id, row.attempt, result.code, result.took, result.text

        if not failure:
            self.conn.execute(self.DONE, said)
            return

        again = failure.retry_after
        if again is not None:
            again = timedelta(seconds=again)

        self.conn.execute(self.FAILED, (*said, again, failure.final))


def conninfo_each(conninfo):
    """The connection's parameters, once for each of its hosts."""
    params = {'connect_timeout': CONNECT, 'tcp_user_timeout': 1000 * CONNECT,
              'application_name': 'order_dispatch', 'client_encoding': 'UTF8',
              **conninfo_to_dict(conninfo)}
    lists = {name: str(params[name]).split(',')
             for name in ('host', 'hostaddr', 'port') if name in params}

    for i in range(max(map(len, lists.values()), default=1)):
        yield {**params, **{name: values[i % len(values)]
                            for name, values in lists.items()}}
