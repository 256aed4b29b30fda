#!/bin/bash

exec "$(dirname "$0")/run" ring_stress
