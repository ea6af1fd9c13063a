#!/bin/sh
# Gives a running Fluent Bit a new schtag.wasm: checks it, exchanges the file in one step, reloads, and puts the
# old file back when the agent does not come back with it.
#
# Usage: reload.sh NEW.wasm INSTALLED.wasm [http://127.0.0.1:2020]
# Needs: schtag, curl, and `hot_reload: on` in the agent (see hot-reload.yaml). SCHTAG and CURL may name them.
# Exit status: 0 done; 1 refused, nothing was changed; 2 the agent has not reloaded, the old file is in place again
# and the agent may need a restart.
set -eu

new=${1:?usage: reload.sh NEW.wasm INSTALLED.wasm [URL]}
installed=${2:?usage: reload.sh NEW.wasm INSTALLED.wasm [URL]}
url=${3:-http://127.0.0.1:2020}
schtag=${SCHTAG:-schtag}
curl=${CURL:-curl}

refuse() {
    echo "reload.sh: $*; nothing was changed" >&2
    exit 1
}

reloads() {
    "$curl" -fsS --max-time 5 "$url/api/v2/reload" 2>/dev/null |
        sed -n 's/.*"hot_reload_count" *: *\([0-9][0-9]*\).*/\1/p'
}

# What Fluent Bit could not load, and what has no rules, is refused here, not by the agent.
about=$("$schtag" inspect "$new" 2>&1) || refuse "$about"
printf '%s\n' "$about" | grep -q '^Fluent Bit *loads it' || refuse "$new is not a module that Fluent Bit can load:
$about"
printf '%s\n' "$about" | grep -q '^rule pack ' || refuse "$new has no rules; ship what schtag bake writes"
# And it must pass a record on.
passed=$(printf '{"EventID":4624}\n' | "$schtag" tag --quiet --module "$new" - 2>&1) || refuse "$new fails: $passed"
[ "$passed" = '{"EventID":4624}' ] || refuse "$new does not pass an ordinary record on: $passed"
[ -f "$installed" ] || refuse "there is no $installed"
before=$(reloads)
[ -n "$before" ] || refuse "no answer from $url/api/v2/reload: is hot_reload on?"

# In the same folder, so that each rename is one step and the agent never sees half a file.
cp "$installed" "$installed.previous"
cp "$new" "$installed.new"
mv "$installed.new" "$installed"

# The server closes the connection on a POST without a body, and does nothing. What counts is the count below.
"$curl" -fsS --max-time 30 -X POST -d '{}' "$url/api/v2/reload" >/dev/null || true
tries=30
while [ "$tries" -gt 0 ]; do
    now=$(reloads)
    if [ -n "$now" ] && [ "$now" -gt "$before" ]; then
        echo "reloaded; the module before is $installed.previous"
        exit 0
    fi
    sleep 1
    tries=$((tries - 1))
done

mv "$installed.previous" "$installed"
echo "reload.sh: the agent has not reloaded; the module before is in place again: read the agent's log, restart it" >&2
exit 2
