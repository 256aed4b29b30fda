"""The dispatcher.

One thread, this one, talks to the database: it takes the rows that are due,
hands them to the threads of their kind, which only send, and records what
came out.  A row is leased, sent and then recorded: whoever dies in between
leaves it to the next one, who sends it with the same Message-ID or
webhook-id.  When to try again, and when to give up, the database decides.
"""

import os
import select
import signal
import sys
import time

import psycopg

from common import ERROR, INFO, WARNING, Deadline, log
from database import CONNECT, Database
from lane import Lane
from mail import Sendmail, Smtp
from options import options_read
from webhook import Webhooks, host_of

LOOK = 1            # s: asks the database unasked that often
MAINTAIN = 300      # s: has old rows deleted that often


class Dispatcher:
    """Takes, hands out, records; all of it in the main thread."""

    def __init__(self, options):
        self.timeout = options.timeout
        self.once = options.once
        self.lease = 2 * options.timeout + 30
        self.database = Database(options.db)
        self.unrecorded = []
        self.stop_at = None
        self.stopping = False
        self.look_at = 0
        self.maintain_at = 0
        self.woken, self.waker = os.pipe()
        os.set_blocking(self.woken, False)
        os.set_blocking(self.waker, False)
        self.lanes = [Lane(kind, make, options.jobs, self.wake)
                      for kind, make in senders(options)]

    def wake(self):
        try:
            os.write(self.waker, b'.')
        except BlockingIOError:
            pass

    def stop(self, *_):
        """What is in hand has its time to end and to be recorded."""
        if self.stop_at is None:
            self.stop_at = time.monotonic() + self.timeout + CONNECT
        self.wake()

    def run(self):
        """Returns the exit code."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        log(INFO, 'started: ' + ', '.join(l.kind for l in self.lanes))

        while True:
            self.collect()
            self.notice()

            if time.monotonic() >= self.database.retry_at:
                self.turn()

            if self.finished():
                break

            self.wait()

        log(INFO, 'stopped')
        return 1 if self.once and self.database.cause else 0

    def notice(self):
        """Says that it was told to stop."""
        if self.stop_at is not None and not self.stopping:
            self.stopping = True
            log(INFO, 'stopping, '
                f'{sum(l.in_hand for l in self.lanes)} in hand')

    def finished(self):
        busy = self.unrecorded or any(l.in_hand for l in self.lanes)

        if self.stop_at is not None:
            if busy and time.monotonic() > self.stop_at:
                log(WARNING, 'stopped before all was recorded: '
                    'what is missing is sent again')
                return True
            return not busy

        if not self.once or busy:
            return False

        return not any(l.more and not l.pause for l in self.lanes)

    def collect(self):
        """What the threads have sent."""
        for lane in self.lanes:
            while result := lane.returned():
                report(lane.kind, result)
                self.unrecorded.append(result)
                lane.more = True

    def turn(self):
        """All that there is to do with the database, now."""
        database = self.database
        deadline = Deadline(self.timeout)

        try:
            if not database.conn:
                database.connect()

            with deadline:
                deadline.watch(database.conn.fileno())
                database.listen()
                database.rang()
                self.record()
                self.look()
                database.back()

        except (psycopg.Error, OSError) as error:
            database.lost(deadline.words() if deadline.over else error)

            if self.once:
                self.stop()

    def record(self):
        while self.unrecorded:
            result = self.unrecorded[0]

            try:
                self.database.record(result)
            except psycopg.Error:
                if time.monotonic() > result.until:
                    log(ERROR, f'{result.row.kind} {result.row.id}: not '
                        'recorded, the lease is over: is sent again')
                    del self.unrecorded[0]
                raise

            del self.unrecorded[0]

    def look(self):
        now = time.monotonic()

        if self.stop_at is not None:
            return

        if now >= self.maintain_at:
            self.database.conn.execute(Database.MAINTAIN)
            self.maintain_at = now + MAINTAIN

        if now >= self.look_at:
            self.look_at = now + LOOK
            for lane in self.lanes:
                lane.more = True

        for lane in self.lanes:
            room = lane.room()

            if lane.more and room > 0:
                until = time.monotonic() + self.lease
                rows = self.database.take(lane.kind, room, self.lease)
                lane.more = len(rows) == room
                lane.hand_out(rows, until)

    def wait(self):
        """For a doorbell, a result, a signal, or the time to look."""
        until = self.look_at
        files = [self.woken]

        if self.database.conn:
            files.append(self.database.conn.fileno())
        else:
            until = self.database.retry_at

        ready, _, _ = select.select(
            files, [], [], max(0, min(LOOK, until - time.monotonic())))

        if self.woken in ready:
            os.read(self.woken, 4096)

        if len(ready) > (self.woken in ready):
            self.look_at = 0


def report(kind, result):
    row = result.row
    words = f'{kind} {row.id} attempt={row.attempt} code={result.code or "-"}'\
            f' ms={1000 * result.took.total_seconds():.0f}'

    if kind == 'webhook':
        words += f' host={host_of(row.url)}'

    if not result.failure:
        log(INFO, f'{words} done')
    elif result.failure.final:
        log(ERROR, f'{words} refused: {result.text}')
    else:
        log(WARNING, f'{words} failed: {result.text}')


def senders(options):
    """The kinds that are on, and what makes a sender for each thread."""
    if options.mail:
        way = options.mail

        if isinstance(way, str):
            yield 'mail', lambda: Sendmail(way, options.timeout)
        else:
            yield 'mail', lambda: Smtp(way, options.password, options.timeout)

    if options.webhooks == 'on':
        yield 'webhook', lambda: Webhooks(options.allow_private,
                                          options.timeout)


if __name__ == '__main__':
    sys.exit(Dispatcher(options_read(sys.argv[1:])).run())
