#!/bin/bash

SANITIZE=thread exec "$(dirname "$0")/run" ring_stress 0
