"""A kind of rows, the threads that send them, and how many may be taken."""

import queue
import threading
import time
from collections import namedtuple
from datetime import timedelta

from common import Failure, plain

IDLE = 5            # s: a sender stays connected that long
LONGEST_PAUSE = 60  # s: of a kind whose server is down

Result = namedtuple('Result', 'row code text failure took until')


class Lane:
    """One kind and its threads; they see rows and give back results."""

    def __init__(self, kind, make, jobs, wake):
        self.kind = kind
        self.jobs = jobs
        self.wake = wake
        self.rows = queue.SimpleQueue()
        self.results = queue.SimpleQueue()
        self.in_hand = 0
        self.more = True        # there may be more in the database
        self.pause = 0
        self.paused_until = 0

        for _ in range(jobs):
            threading.Thread(target=self.work, args=(make(),),
                             daemon=True).start()

    def room(self):
        """How many rows may be taken.  While nothing can be sent, one at a
        time finds out whether that is over: the others need not use up their
        attempts for it."""
        if self.pause:
            if self.in_hand or time.monotonic() < self.paused_until:
                return 0
            return 1

        return self.jobs - self.in_hand

    def hand_out(self, rows, until):
        self.in_hand += len(rows)

        for row in rows:
            self.rows.put((row, until))

    def returned(self):
        """The next result, or None."""
        try:
            result = self.results.get_nowait()
        except queue.Empty:
            return None

        self.in_hand -= 1

        now = time.monotonic()

        if not (result.failure and result.failure.down):
            self.pause = 0

        elif now >= self.paused_until:
            self.pause = min(max(1, 2 * self.pause), LONGEST_PAUSE)
            self.paused_until = now + self.pause

        return result

    def work(self, sender):
        while True:
            try:
                row, until = self.rows.get(
                    timeout=IDLE if sender.connected else None)
            except queue.Empty:
                sender.rest()
                continue

            start = time.monotonic()
            code = text = failure = None

            try:
                code, text = sender.send(row)
            except Failure as error:
                code, text, failure = error.code, str(error), error
            except Exception as error:
                text = plain(f'{type(error).__name__}: {error}')
                failure = Failure(text)

            took = timedelta(seconds=time.monotonic() - start)
            self.results.put(Result(row, code, text, failure, took, until))
            self.wake()
