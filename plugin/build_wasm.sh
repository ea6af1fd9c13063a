#!/usr/bin/env bash
# Builds the guest: crate schtag for wasm32-unknown-unknown. Prints the path of the module it leaves,
# target/wasm/schtag_base.wasm: the engine without rules. `schtag bake` makes schtag.wasm of it.
#
# It needs a Rust compiler with the standard library for wasm32-unknown-unknown, and takes the first of
#   1. the toolchain in use (`cargo`, `rustc` on PATH), when it has the target;
#   2. Debian's rustc-web, cargo-web, rust-web-src and lld-19, which build the standard library from source;
#   3. the toolchain in use, after `rustup target add`;
#   4. Debian's packages, after `apt-get install` (as root, or where sudo asks no password).
# Nothing is fetched while 1 or 2 will do, and cargo rebuilds only what changed. Each also needs a C
# linker for the build scripts and derive macros of the dependencies.
#
# Environment
#   SCHTAG_WASM_TOOLCHAIN  auto (default), rustup (only 1 and 3) or debian (only 2 and 4)
#   CARGO_TARGET_DIR       as for cargo; the module is then $CARGO_TARGET_DIR/wasm/schtag_base.wasm
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
out=${CARGO_TARGET_DIR:-$root/target}/wasm
target=wasm32-unknown-unknown
choice=${SCHTAG_WASM_TOOLCHAIN:-auto}
debian_packages=(rustc-web cargo-web rust-web-src lld-19)
debian_bin=/usr/bin
minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")

say() { printf 'build_wasm: %s\n' "$*" >&2; }

# Whether the compiler named by $1 is new enough for this workspace.
recent() {
    local version
    version=$("$1" --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ -n "$version" ] && [ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n1)" = "$minimum" ]
}

has_target() {
    command -v cargo >/dev/null && recent rustc &&
        [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null || echo /nonexistent)" ]
}

has_debian() {
    [ -x "$debian_bin/cargo" ] && recent "$debian_bin/rustc" && command -v wasm-ld-19 >/dev/null &&
        [ -f "$("$debian_bin/rustc" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]
}

add_target() {
    command -v rustup >/dev/null && recent rustc || return 1
    say "adding the target: rustup target add $target"
    timeout 180 rustup target add "$target" >/dev/null 2>&1 && has_target
}

# Installs Debian packages, as root or where sudo asks no password.
apt_install() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    say "installing Debian's packages: $*"
    "${as_root[@]}" apt-get update -qq >&2 || say "apt-get update failed; going on with the lists there are"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2
}

install_debian() { apt_install "${debian_packages[@]}" && has_debian; }

# Without these rustc writes the paths of this machine into panic messages, and the same sources would
# not give the same bytes on two machines.
flags=()
remap() { flags+=("--remap-path-prefix=$1=$2"); }

# Builds into $out/$1 with the cargo and options that follow. Each toolchain has a folder of its own:
# in a shared one they would undo each other's work.
build() {
    local name=$1 source home=${CARGO_HOME:-$HOME/.cargo}
    shift
    remap "$home" /cargo
    (cd "$root" && "$1" fetch --locked --quiet)
    for source in "$home"/registry/src/*; do remap "$source" /cargo; done
    remap "$root" /schtag
    # Fluent Bit before 4.0.3 reads the table index of call_indirect as one byte: no reference types. (A
    # precompiled standard library still brings them; `schtag bake` re-encodes the module without.)
    flags+=(-Ctarget-feature=-reference-types)
    # The shadow stack in linear memory. It is fixed at link time, and no function of the guest recurses.
    flags+=(-Clink-arg=-zstack-size=131072)
    # The names of functions stay in this module for `schtag inspect --calls`; `schtag bake` leaves them out.
    flags+=(-Cstrip=none)
    # SHA-256 is for the few allowlist entries that have a hash: small before fast.
    flags+=('--cfg=sha2_backend_soft="compact"')
    say "compiling with $name: $("${RUSTC:-rustc}" --version)"
    (
        cd "$root"
        unset RUSTFLAGS
        CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf '%s' "${flags[*]}") CARGO_TARGET_DIR=$out/$name \
            "$@" --locked --profile wasm --target "$target" -p schtag --lib --crate-type cdylib
    ) >&2
    # An unchanged module keeps its time, so that make does not bake it again.
    cmp -s "$out/$name/$target/wasm/schtag.wasm" "$out/schtag_base.wasm" ||
        cp "$out/$name/$target/wasm/schtag.wasm" "$out/schtag_base.wasm"
    printf '%s\n' "$out/schtag_base.wasm"
}

with_rustup() {
    remap "$(rustc --print sysroot)" /rust
    build rustup cargo rustc
}

with_debian() {
    export RUSTC=$debian_bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-19
    # -Zbuild-std on a stable compiler; Debian ships no standard library for this target.
    export RUSTC_BOOTSTRAP=1
    remap "$("$RUSTC" --print sysroot)/lib/rustlib/src/rust" /rust
    build debian "$debian_bin/cargo" rustc -Zbuild-std=std,panic_abort
}

case $choice in
auto) tries=(has_target has_debian add_target install_debian) ;;
rustup) tries=(has_target add_target) ;;
debian) tries=(has_debian install_debian) ;;
*) say "SCHTAG_WASM_TOOLCHAIN is '$choice'; it must be auto, rustup or debian"; exit 2 ;;
esac

if ! command -v cc >/dev/null && ! apt_install gcc libc6-dev; then
    say "there is no C linker (cc). Install one, for example: apt-get install gcc libc6-dev"
    exit 1
fi

for try in "${tries[@]}"; do
    "$try" || continue
    case $try in
    *_target) with_rustup ;;
    *_debian) with_debian ;;
    esac
    exit
done

cat >&2 <<END
build_wasm: no compiler here can build for $target. Looked for:
  - rustc $minimum or later on PATH with the target: $(rustc --version 2>/dev/null || echo "no rustc")
  - rustup, to add it: $(command -v rustup || echo "not found, or it could not download")
  - Debian's packages in $debian_bin: ${debian_packages[*]}
Do one of:
  - rustup target add $target          (https://rustup.rs installs rustup)
  - apt-get install ${debian_packages[*]}    (Debian 12 or later, with the security archive)
END
exit 1
