"""Tests and their TAP."""

import sys
import time
import traceback

tests = []


def test(title):
    def add(function):
        tests.append((title, function))
        return function

    return add


def is_(got, expected, what):
    if got != expected:
        raise AssertionError(f'{what}: {got!r} instead of {expected!r}')


def ok(true, what):
    if not true:
        raise AssertionError(what)


def has(text, part, what):
    ok(part in text, f'{what}: {part!r} is not in {text!r}')


def play(world, words):
    """Each test finds an empty outbox and leaves nothing running."""
    chosen = [test for test in tests
              if not words or any(word in test[0] for word in words)]
    good = True

    print(f'1..{len(chosen)}', flush=True)

    for number, (title, function) in enumerate(chosen, 1):
        start = time.monotonic()

        try:
            world.tidy()
            function(world)
            verdict = 'ok'
        except Exception:
            verdict = 'not ok'
            good = False
            said = traceback.format_exc() + world.said()
            sys.stderr.write('# ' + said.replace('\n', '\n# ') + '\n')

        print(f'{verdict} {number} - {title}\n'
              f'# {time.monotonic() - start:.1f} s', flush=True)

    return good
