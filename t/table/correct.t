#!/bin/bash

exec "$(dirname "$0")/run" correct
