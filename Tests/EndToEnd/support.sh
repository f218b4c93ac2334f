# Shared by the end-to-end checks: programs, a scratch folder that is removed, and words for what must hold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=${DIFFTRAIN_BIN:-$(swift build -c release --show-bin-path)}
scratch=$(mktemp -d)
config=configs/runs/digits.yaml

cleanup() {
    local process
    for process in $(jobs -p); do kill -9 "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

note() { printf '   %s\n' "$*"; }

# number NAME: that field of the JSON objects on standard input, from the last one.
number() { sed -n "s/.*\"$1\":\([-0-9.e+]*\).*/\1/p" | tail -n 1; }

# holds A OP B: compares two numbers.
holds() { awk -v a="$1" -v b="$3" "BEGIN { exit !(a $2 b) }"; }

# mpi N PROGRAM...: runs ranks, also where the user is root and where there are fewer cores than ranks.
mpi() {
    local count=$1
    shift
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
        mpirun --oversubscribe --bind-to none -n "$count" "$@"
}

# good DIR: the run in DIR draws digits that the classifier reads.
good() {
    local json accuracy distance
    json=$("$bin/difftrain" evaluate "$1" --count 1000 --json --threads 2)
    accuracy=$(printf '%s' "$json" | number label_accuracy)
    distance=$(printf '%s' "$json" | number frechet_distance)
    note "$json"
    holds "$accuracy" '>=' 0.95 || fail "label_accuracy $accuracy is below 0.95"
    holds "$distance" '<=' 8 || fail "frechet_distance $distance is above 8"
}

# serve DIR: starts a coordinator; sets $coordinator and $address.
serve() {
    rm -f "$1/port"
    "$bin/difftrain-coordinator" serve "$1" --listen "127.0.0.1:${2:-0}" --port-file "$1/port" --until-finished \
        >>"$1/coordinator.log" 2>&1 &
    coordinator=$!
    local tries=0
    while [ ! -s "$1/port" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "the coordinator does not listen: $(cat "$1/coordinator.log")"
        sleep 0.1
    done
    address="127.0.0.1:$(cat "$1/port")"
}

# join DIR LOG: starts a worker; sets $worker.
join() {
    "$bin/difftrain-worker" join "$address" --token "$1/keys/worker.token" --threads 1 --cache "$scratch/cache" >"$2" 2>&1 &
    worker=$!
}

# samples_done: how far the run at $address is.
samples_done() { curl -sf "http://$address/v1/status" | number samples; }

# until_samples N SECONDS: waits until the run has counted N samples.
until_samples() {
    local tries=0 done=0
    while done=$(samples_done || echo 0); ! holds "${done:-0}" '>=' "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt $(($2 * 10)) ] || fail "the run is at ${done:-0} samples after $2 s, not $1"
        sleep 0.1
    done
}

# until_lines N DIR JOB: waits until the log of the run in DIR has N lines, or the job is over.
until_lines() {
    while kill -0 "$3" 2>/dev/null && [ "$(cat "$2/run.jsonl" 2>/dev/null | wc -l)" -lt "$1" ]; do sleep 0.02; done
}
