#!/usr/bin/env bash
# Ctrl-Z, fg and Ctrl-C at a terminal.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
need python3
install_fake gpu
expect 0 "a person at a terminal" python3 "$(dirname "${BASH_SOURCE[0]}")/terminal.py" "$flexai"
