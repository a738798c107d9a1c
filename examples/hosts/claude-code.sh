#!/bin/sh
# Adds Segmentflow to Claude Code. Give the key and, where they differ, the other two as variables:
#   SEGMENTFLOW_API_KEY=sk_live_... ./claude-code.sh
set -eu
: "${SEGMENTFLOW_API_KEY:?set it to an API key (segmentflow keys create)}"
binary="${SEGMENTFLOW_BIN:-/usr/local/bin/segmentflow}"
data="${SEGMENTFLOW_DATA_DIR:-/var/lib/segmentflow}"

exec claude mcp add \
  --env "SEGMENTFLOW_API_KEY=$SEGMENTFLOW_API_KEY" \
  --env "SEGMENTFLOW_DATA_DIR=$data" \
  --transport stdio \
  segmentflow -- "$binary" mcp
