#!/bin/bash

SANITIZE=address,undefined exec "$(dirname "$0")/run" ring_stress 200
