#!/usr/bin/env bash
# Prints a CycloneDX bill of materials for one file that `make dist` leaves: the crates that are compiled into it, by
# Cargo.lock, each with its version, licence and checksum, and the standard library. Derive macros and build scripts
# run when it is built and are not in it. The same sources give the same text: it holds no time and no random number.
#
# usage: plugin/sbom.sh FILE PACKAGE TARGET     (TARGET as rustc names it; `host` for this machine's)
set -euo pipefail

file=$(realpath "$1") package=$2 target=$3
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "$target" = host ] && target=$(rustc -vV | sed -n 's/^host: //p')

digest() { { sha256sum "$1" 2>/dev/null || shasum -a 256 "$1"; } | cut -d' ' -f1; }
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)

cargo tree --locked --quiet --package "$package" --edges normal,no-proc-macro --target "$target" --prefix none \
    --no-dedupe --format '{p}|{l}' | sort -u |
    awk -F'|' -v file="$(basename "$file")" -v sha="$(digest "$file")" -v version="$version" \
        -v rust="$(rustc --version | cut -d' ' -f2)" '
    # The checksums of the packages.
    FILENAME == "Cargo.lock" {
        split($0, part, "\"")
        if (/^name = /) name = part[2]
        if (/^version = /) at = name " v" part[2]
        if (/^checksum = /) checksum[at] = part[2]
        next
    }
    function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
    function component(name, version, licence, sum) {
        printf "%s\n    {\"type\": \"library\", \"name\": %s, \"version\": %s, \"purl\": %s, \"licenses\": [{\"expression\": %s}]%s}",
            (count++ ? "," : ""), text(name), text(version), text("pkg:cargo/" name "@" version), text(licence),
            (sum ? ", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"" sum "\"}]" : "")
    }
    BEGIN {
        print "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,"
        printf "  \"metadata\": {\"component\": {\"type\": \"application\", \"name\": %s, \"version\": %s, ", text(file), text(version)
        printf "\"licenses\": [{\"expression\": \"MIT OR Apache-2.0\"}], \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"%s\"}]}},\n", sha
        printf "  \"components\": ["
    }
    {
        split($1, words, " ")
        # Old manifests write a slash for OR.
        gsub(/\//, " OR ", $2)
        component(words[1], substr(words[2], 2), $2, checksum[words[1] " " words[2]])
    }
    END { component("std", rust, "MIT OR Apache-2.0", ""); print "\n  ]\n}" }
' Cargo.lock -
