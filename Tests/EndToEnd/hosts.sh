# Several hosts in one machine, for the checks that need a network between ranks or peers. Sourced after support.sh; needs root.
#
#   hosts 3 1gbit           three hosts, host1 to host3, at 10.97.0.1 to 10.97.0.3, each with a link of 1 Gbit/s into one switch
#   hosts 2 100mbit 5ms     the same with a delay each way, where the kernel can delay packets (netem)
#   on 2 COMMAND...         runs a command on host2
#   across 4 PROGRAM...     runs 4 ranks under one mpirun on host1, the hosts taken in turn; `mpi_flags` are handed to mpirun
#   lose 2                  host2 loses its power: its processes end at once and nothing answers at its address
#
# A host is a set of namespaces: a network with one interface, eth0, a host name, System V memory and /dev/shm of its own, so that
# Open MPI, which tells nodes apart by their names, takes no two of them for one machine. Files are shared, as on a cluster. The namespaces last as long as this script.
# Where hosts cannot be made, `hosts` fails and `hosts_fault` says why.

hosts_folder=$scratch/hosts
hosts_count=0
hosts_fault=
mpi_flags=()
trap 'hosts_down; cleanup' EXIT

# hosts N RATE [DELAY]
hosts() {
    hosts_fault=$(hosts_impossible "${3:-}")
    [ -z "$hosts_fault" ] || return 1
    mkdir -p "$hosts_folder"
    local index
    {
        printf '127.0.0.1 localhost\n'
        for index in $(seq "$1"); do printf '10.97.0.%d host%d\n' "$index" "$index"; done
    } >"$hosts_folder/names"
    hosts_agent
    hosts_start switch
    on switch ip link add name bridge type bridge
    on switch ip link set bridge up
    for index in $(seq "$1"); do
        hosts_start "host$index"
        ip link add name eth0 netns "$(cat "$hosts_folder/host$index")" type veth \
            peer name "port$index" netns "$(cat "$hosts_folder/switch")"
        on switch ip link set "port$index" master bridge
        on switch ip link set "port$index" up
        on "$index" ip address add "10.97.0.$index/24" dev eth0
        on "$index" ip link set eth0 up
        hosts_shape switch "port$index" "$2" "${3:-}"
        hosts_shape "$index" eth0 "$2" "${3:-}"
    done
    hosts_count=$1
}

# hosts_impossible DELAY: why there can be no hosts here; nothing if there can.
hosts_impossible() {
    local tool
    [ "$(id -u)" -eq 0 ] || { echo "only root can make hosts of namespaces"; return; }
    for tool in ip tc unshare nsenter setpriv; do
        command -v "$tool" >/dev/null || { echo "there is no '$tool'; it comes with iproute2 or util-linux"; return; }
    done
    unshare --net --uts --ipc --mount sh -c '
        mount -t tmpfs none /dev/shm 2>/dev/null || { echo "this system lets root mount nothing in a namespace"; exit; }
        ip link add name near type veth peer name far 2>/dev/null || { echo "this system lets root make no network links"; exit; }
        tc qdisc add dev near root tbf rate 1gbit burst 256kb latency 20ms 2>/dev/null ||
            { echo "this kernel cannot limit the rate of a link (no tbf)"; exit; }
        [ -z "$1" ] || tc qdisc add dev far root netem delay "$1" 2>/dev/null ||
            echo "this kernel cannot delay packets (no netem)"
    ' - "$1" 2>/dev/null || echo "this system lets root make no namespaces"
}

# hosts_start NAME: namespaces with that host name, held by a process that ends with this script; its id is in the file NAME.
hosts_start() {
    local holder tries=0
    setpriv --pdeathsig KILL unshare --net --uts --ipc --mount sh -c '
        hostname "$1" && mount -t tmpfs none /dev/shm && mount --bind "$2" /etc/hosts && ip link set lo up &&
            : >"$3" && exec sleep infinity
    ' - "$1" "$hosts_folder/names" "$hosts_folder/$1.ready" </dev/null >"$hosts_folder/$1.log" 2>&1 &
    holder=$!
    # Not a job of the shell any more, so that it tells nobody how the holder ends.
    disown "$holder"
    while [ ! -e "$hosts_folder/$1.ready" ]; do
        kill -0 "$holder" 2>/dev/null || fail "no namespaces for $1: $(cat "$hosts_folder/$1.log")"
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "the namespaces for $1 are not there after 10 s"
        sleep 0.05
    done
    echo "$holder" >"$hosts_folder/$1"
}

# hosts_shape HOST DEVICE RATE DELAY: what leaves that way. A burst of 2 ms of 1 Gbit/s; a queue of 20 ms.
hosts_shape() {
    on "$1" tc qdisc add dev "$2" root handle 1: tbf rate "$3" burst 256kb latency 20ms
    [ -z "$4" ] || [ "$2" != eth0 ] || on "$1" tc qdisc add dev "$2" parent 1:1 netem delay "$4" limit 100000
}

# hosts_agent: the program by which mpirun reaches other hosts; like ssh it takes a host and words, and passes no variables on.
hosts_agent() {
    cat >"$hosts_folder/agent" <<END
#!/bin/sh
holder=\$(cat "$hosts_folder/\$1") && shift || exit 255
nsenter --target "\$holder" --net --uts --ipc --mount \\
    env -i "PATH=$PATH" "HOME=$HOME" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 sh -c "\$*"
status=\$?
# From a host without power ssh hears nothing either: mpirun must find out by itself.
[ "\$status" -ne 137 ] || exec sleep infinity
exit "\$status"
END
    chmod +x "$hosts_folder/agent"
}

# on HOST COMMAND...: HOST is a number, or switch. The working folder and variables are this script's.
on() {
    local name=$1
    [ "$name" = switch ] || name=host$name
    shift
    nsenter --target "$(cat "$hosts_folder/$name")" --net --uts --ipc --mount \
        sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

# across N PROGRAM...
across() {
    local count=$1 slots=() index
    shift
    for index in $(seq "$hosts_count"); do slots+=("host$index:$count"); done
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
        on 1 mpirun --mca plm_rsh_agent "$hosts_folder/agent" --host "$(IFS=,; echo "${slots[*]}")" --map-by node \
        --oversubscribe --bind-to none "${mpi_flags[@]}" -n "$count" "$@"
}

# lose N
lose() {
    local network process
    network=$(readlink "/proc/$(cat "$hosts_folder/host$1")/ns/net")
    on switch ip link delete "port$1"
    for process in $(hosts_processes "$network"); do kill -9 "$process" 2>/dev/null || true; done
}

# hosts_processes NETWORK: the ids of the processes in a network namespace.
hosts_processes() {
    local process
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/ns/net" 2>/dev/null)" != "$1" ] || printf '%s\n' "${process#/proc/}"
    done
}

# hosts_down: ends every process of every host, and with them the hosts.
hosts_down() {
    local file holder process network
    for file in "$hosts_folder"/host[0-9] "$hosts_folder"/host[0-9][0-9] "$hosts_folder/switch"; do
        [ -e "$file" ] || continue
        holder=$(cat "$file")
        network=$(readlink "/proc/$holder/ns/net" 2>/dev/null) || continue
        # A holder that is gone may have left its number to a process of this machine.
        [ "$network" != "$(readlink /proc/self/ns/net)" ] || continue
        for process in $(hosts_processes "$network"); do kill -9 "$process" 2>/dev/null || true; done
    done
    hosts_count=0
}
