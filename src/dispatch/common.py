"""What all of them use: the log, what others said as one line, what went
wrong with an attempt, and the limit of all waiting."""

import math
import os
import socket
import sys
import threading
import time
from datetime import datetime, timezone

NOTE = 400          # characters of an answer that are kept

INFO, WARNING, ERROR = 6, 4, 3

JOINERS = '\u200c\u200d'    # parts of words and of emoji


def log(level, text):
    """One event, one line, as journald or a file wants it."""
    if 'JOURNAL_STREAM' in os.environ:
        head = f'<{level}>'
    else:
        head = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ ')

    sys.stderr.write(f'{head}{plain(text, 1000)}\n')
    sys.stderr.flush()


def plain(text, most=NOTE):
    """Text of others on one line, without control characters."""
    if isinstance(text, bytes):
        text = text.decode('utf-8', 'replace')

    words = ''.join(c if c.isprintable() or c in JOINERS else ' '
                    for c in str(text)).split()

    return ' '.join(words)[:most]


class Failure(Exception):
    """It was not sent, or nobody knows.  "final": it never will be; "down":
    nothing else could be sent that way either."""

    def __init__(self, text, code=None, final=False, down=False,
                 retry_after=None):
        super().__init__(plain(text) or 'no reason given')
        self.code = code
        self.final = final
        self.down = down
        self.retry_after = retry_after


class Deadline:
    """Shuts down the sockets it watches when the time is over, whatever they
    are doing: a limit for each read would let a slow peer go on for ever."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.end = math.inf
        self.watched = []
        self.lock = threading.Lock()
        self.timer = threading.Timer(seconds, self.expire)
        self.timer.daemon = True

    def __enter__(self):
        self.end = time.monotonic() + self.seconds
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        with self.lock:
            for sock in self.watched:
                sock.close()
            self.watched = []

    def watch(self, fileno):
        """A duplicate, so that nobody closes it meanwhile."""
        with self.lock:
            self.watched.append(socket.socket(fileno=os.dup(fileno)))
        self.left()

    @property
    def over(self):
        return time.monotonic() >= self.end

    def left(self):
        """Seconds, or TimeoutError."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError(self.words())
        return left

    def words(self):
        return f'no end after {self.seconds:g} s'

    def expire(self):
        with self.lock:
            for sock in self.watched:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
