"""Plays the tests; see run."""

import sys

import tap
from world import World

import life_tests       # noqa: F401
import mail_tests       # noqa: F401
import webhook_tests    # noqa: F401

world = World()

try:
    good = tap.play(world, sys.argv[1:])
finally:
    world.end()

sys.exit(not good)
