#!/bin/sh
SANITIZE=address,undefined CC=clang exec "$(dirname "$0")/run" metrics
