#!/usr/bin/env bash
# first
# timeout: 60
. "$(dirname "$0")/lib.sh"
make_link
uname -r
lsmod
"$CAPBENCH" list --json | jq -c '.[]|arrays|.[]|[.name,.can_run,.why]'
