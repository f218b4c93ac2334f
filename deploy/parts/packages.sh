# Finds the Debian packages that the build needs and installs what is missing. Sourced by the other scripts.

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 1
}

needed_packages="libopenblas-dev libopenmpi-dev openmpi-bin libzstd-dev libpng-dev libjpeg62-turbo-dev
libwebp-dev libsqlite3-dev pkg-config"

# Ubuntu names one package otherwise.
packages_for_this_system() {
    if [ -r /etc/os-release ] && grep -q '^ID=ubuntu' /etc/os-release; then
        printf '%s' "$needed_packages" | sed 's/libjpeg62-turbo-dev/libjpeg-turbo8-dev/'
    else
        printf '%s' "$needed_packages"
    fi
}

missing_packages() {
    for package in $(packages_for_this_system); do
        state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        case "$state" in
        *" installed") ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        stop "These libraries are missing and this system has no apt-get to install them: $missing"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1; then
        as_root="sudo"
    else
        stop "These packages are missing; install them as root and start again: $missing"
    fi
    say "Installing: $missing"
    log=$(mktemp)
    if ! { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        stop "The packages could not be installed; the lines above say why, and the whole log is in $log."
    fi
    rm -f "$log"
}

require_swift() {
    command -v swift >/dev/null 2>&1 ||
        stop "Swift is not installed; install Swift 6.3 (https://www.swift.org/install/linux) and start again."
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1)
    set -- $version
    [ "${1:-0}" -gt 6 ] || { [ "${1:-0}" -eq 6 ] && [ "${2:-0}" -ge 2 ]; } ||
        stop "Swift ${1:-?}.${2:-?} is too old; install Swift 6.3 (https://www.swift.org/install/linux) and start again."
}

prepare() {
    require_swift
    install_packages
}
