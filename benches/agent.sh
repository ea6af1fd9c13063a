#!/usr/bin/env bash
# CPU that a real Fluent Bit takes for the same records with each of several filters, as a table in Markdown.
#
#   benches/agent.sh [FILE ...]
#
# Without files, two streams of 2 to 4 kB Windows Security events are made (tests/src/inputs/stream.rs), one in 1,000 a
# scheduled-task event: as winevtlog writes them, and as flat JSON whose members have no order. With files (NDJSON,
# .gz too), their records are repeated up to the same count.
#
#   RECORDS=60000   records a run          FLUENT_BIT=…   the agent, else fluent-bit on PATH; 5.0 or later
#   REPEAT=5        runs of each set-up    SETUPS="…"     a part of: none identity schtag winevtlog aot condition lua grep
#   WAMRC=FILE      Fluent Bit's own compiler of modules, flb-wamrc: without it the set-up aot is left out
#   CSV=FILE        add each run's figures to FILE: input,setup,run,user,sys
#
# User and system time of the agent's process, from start to end, is what is counted: on a busy machine that is
# steadier than time on the clock, and still not exact. The set-ups take turns, so that load hits all of them; the
# median is shown. Before that, each set-up runs once with a file as its output, and its records are counted.
set -euo pipefail

cd "$(dirname "$0")/.."
records=${RECORDS:-60000}
repeat=${REPEAT:-5}
agent=${FLUENT_BIT:-$(command -v fluent-bit || true)}
read -r -a setups <<<"${SETUPS:-none identity schtag winevtlog ${WAMRC:+aot} condition lua grep}"

if [ -z "$agent" ] || ! "$agent" --version >/dev/null 2>&1; then
    echo "SKIPPED: there is no fluent-bit. Put it on PATH or name it in FLUENT_BIT (https://docs.fluentbit.io)." >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make --no-print-directory dist/schtag.wasm >&2
schtag=${CARGO_TARGET_DIR:-target}/debug/schtag
echo 'source: winevtlog' >"$folder/settings.yaml"
"$schtag" bake --rules plugin/rules --settings "$folder/settings.yaml" -o "$folder/winevtlog.wasm" >&2
cp dist/schtag.wasm "$folder/schtag.wasm"
[ -z "${WAMRC:-}" ] || "$WAMRC" -o "$folder/aot.wasm" dist/schtag.wasm >&2
cp benches/filter.lua "$folder/"
cargo run --quiet --locked --example assemble -- benches/identity.wat "$folder/identity.wasm"

wasm() { printf '    - {name: wasm, match: "*", wasm_path: %s, function_name: schtag_filter}\n' "$folder/$1.wasm"; }

# The configuration of a set-up ($1) for an input ($2) and an output ($3: null or file).
configuration() {
    cat <<EOF
service: {flush: 1, log_level: warn, grace: 30}
parsers: [{name: plain_json, format: json}]
pipeline:
  inputs:
    - name: tail
      path: $2
      tag: events
      parser: plain_json
      read_from_head: true
      exit_on_eof: true
      buffer_max_size: 4M
      static_batch_size: 512M
EOF
    if [ "$1" = condition ]; then
        cat <<EOF
      processors:
        logs:
          - name: wasm
            wasm_path: $folder/schtag.wasm
            function_name: schtag_filter
            condition:
              op: and
              rules:
                - {field: "\$EventID", op: regex, value: "^(4698|4699|4700|4701|4702)\$"}
EOF
    fi
    case $1 in
    none | condition) ;;
    identity | schtag | winevtlog | aot) printf '  filters:\n'; wasm "$1" ;;
    lua) printf '  filters:\n    - {name: lua, match: "*", script: %s, call: tag_tasks}\n' "$folder/filter.lua" ;;
    # The filter grep sees no numbers, so that the id is no use to it.
    grep) printf '  filters:\n    - {name: grep, match: "*", logical_op: or, regex: ["Message ^A scheduled task was", "TaskName ."]}\n' ;;
    *) echo "there is no set-up $1" >&2; return 2 ;;
    esac
    if [ "$3" = file ]; then
        printf '  outputs:\n    - {name: file, match: "*", path: %s, file: out, format: plain}\n' "$folder"
    else
        printf '  outputs:\n    - {name: "null", match: "*"}\n'
    fi
}

# Runs a set-up, and prints the user and system time of the agent in seconds.
run() {
    configuration "$@" >"$folder/agent.yaml"
    local TIMEFORMAT='%3U %3S'
    if ! { time (cd "$folder" && "$agent" -q -c agent.yaml >agent.log 2>&1); } 2>"$folder/time"; then
        cat "$folder/agent.log" >&2
        return 1
    fi
    cat "$folder/time"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

measure() {
    local name=$1 input=$2 setup run user sys count tagged base cpu
    local in; in=$(wc -l <"$input")
    declare -A out marked
    for setup in "${setups[@]}"; do
        rm -f "$folder/out"
        run "$setup" "$input" file >/dev/null
        touch "$folder/out"
        count=$(wc -l <"$folder/out")
        tagged=$(grep -c '"schtag":' "$folder/out" || true)
        out[$setup]=$count marked[$setup]=$tagged
        if [ "$setup" != grep ] && [ "$count" -ne "$in" ]; then
            echo "$setup lost records: $in in, $count out; the agent said:" >&2
            tail -n 5 "$folder/agent.log" >&2
            return 1
        fi
        : >"$folder/$setup.cpu"
    done
    rm -f "$folder/out"
    for run in $(seq "$repeat"); do
        for setup in "${setups[@]}"; do
            read -r user sys < <(run "$setup" "$input" null)
            awk -v u="$user" -v s="$sys" 'BEGIN { printf "%.3f\n", u + s }' >>"$folder/$setup.cpu"
            [ -z "${CSV:-}" ] || echo "$name,$setup,$run,$user,$sys" >>"$CSV"
        done
    done
    base=0
    [ -s "$folder/identity.cpu" ] && base=$(median <"$folder/identity.cpu")
    printf '\n%s: %d records, %d bytes each, median of %d runs\n\n' \
        "$name" "$in" $(($(wc -c <"$input") / in)) "$repeat"
    printf '| set-up | CPU, s | lowest–highest | of identity | records out | tagged |\n|---|--:|--:|--:|--:|--:|\n'
    for setup in "${setups[@]}"; do
        cpu=$(median <"$folder/$setup.cpu")
        awk -v n="$setup" -v c="$cpu" -v b="$base" -v o="${out[$setup]}" -v t="${marked[$setup]}" \
            -v low="$(sort -n "$folder/$setup.cpu" | head -n1)" -v high="$(sort -n "$folder/$setup.cpu" | tail -n1)" \
            'BEGIN { printf "| %s | %.2f | %.2f–%.2f | %s | %d | %d |\n", n, c, low, high, b ? sprintf("%.2f", c / b) : "", o, t }'
    done
}

echo "$("$agent" --version | head -n1), $(uname -sm), schtag $(git describe --always --dirty 2>/dev/null || echo unknown)"
if [ $# -eq 0 ]; then
    for form in winevtlog flat; do
        cargo run --quiet --locked --example stream -- "$form" "$records" >"$folder/$form.ndjson"
        measure "$form" "$folder/$form.ndjson"
        rm "$folder/$form.ndjson"
    done
else
    for file in "$@"; do
        cat=cat
        [ "${file%.gz}" = "$file" ] || cat="gzip -dc"
        $cat "$file" | awk 1 >"$folder/part.ndjson"
        [ -s "$folder/part.ndjson" ] || { echo "$file has no records" >&2; exit 1; }
        # head ends the endless repetition, which is no error.
        (set +o pipefail; while cat "$folder/part.ndjson" 2>/dev/null; do :; done | head -n "$records" >"$folder/input.ndjson")
        measure "$(basename "$file")" "$folder/input.ndjson"
    done
fi
