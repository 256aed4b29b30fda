#!/bin/bash

SANITIZE=thread exec "$(dirname "$0")/run" stress 0
