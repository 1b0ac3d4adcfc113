#!/usr/bin/env bash
# A private RabbitMQ node in a folder of its own, on loopback only.
#
#   rabbitmq.sh start DIR [PORT] [--management] [--watch PID] [--remove]
#   rabbitmq.sh stop DIR | kill DIR | status DIR | url DIR [USER] | ctl DIR COMMAND…
#
# start   prints the address of the user `mezhved`; waits until the node answers; a second start on the same DIR keeps
#         ports, passwords and data. --watch stops the node when the process PID ends, --remove then deletes DIR.
# stop    ends the node in order; kill ends it at once, as a power cut would. Both end only what start started.
# url     prints the address of a user: mezhved (the daemon), publisher (may publish for any agency), epgu, mfc77, rosreestr, cabinet.
# ctl     runs rabbitmqctl against this node.
#
# Everything lies in DIR: data/, log/, conf/, home/, credentials/ (one password a user, mode 600), run/ (pids, ports).
# More settings for the node: files conf/conf.d/*.conf, put there before the start.
# Exit codes: 0 done, 1 failed, 2 wrong call, 3 not running (status).
set -euo pipefail
umask 077

START_SECONDS_MAX=90
STOP_SECONDS_MAX=30
AGENCIES=(epgu mfc77 rosreestr cabinet)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'rabbitmq: %s\n' "$*" >&2; }
fail() { say "$1"; exit "${2:-1}"; }
usage() { sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

# --- processes: a pid counts as ours only together with the moment its process began --------------------------------

began() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }
# Ended, though nobody has asked for its fate, is not alive; but while threads of it still end, its files are open.
alive() { # PID MOMENT
    local state threads=("/proc/$1/task"/*)
    state=$(awk '{ sub(/.*\) /, ""); print $1, $20 }' "/proc/$1/stat" 2>/dev/null) || return 1
    [ -n "$2" ] && [ "${state#* }" = "$2" ] || return 1
    case $state in
        Z* | X*) [ ${#threads[@]} -gt 1 ] ;;
    esac
}
remember() { printf '%s %s\n' "$2" "$(began "$2")" >"$DIR/run/$1.pid"; }
running() { # NAME: prints the pid while that very process lives
    local pid moment
    read -r pid moment 2>/dev/null <"$DIR/run/$1.pid" || return 1
    alive "$pid" "${moment:-}" || return 1
    printf '%s\n' "$pid"
}
end_process() { # NAME SIGNAL SECONDS: asks, waits, then forces
    local pid
    if pid=$(running "$1"); then
        kill "-$2" "$pid" 2>/dev/null || true
        for ((i = 0; i < $3 * 20; i++)); do
            running "$1" >/dev/null || break
            sleep 0.05
        done
        if running "$1" >/dev/null; then
            say "$1 did not stop in $3 s: killed"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    fi
    rm -f "$DIR/run/$1.pid"
}

# --- ports ----------------------------------------------------------------------------------------------------------

listening() { # PORT: somebody on this machine listens there
    local hex
    printf -v hex '%04X' "$1"
    awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
free_port() {
    local port
    for ((i = 0; i < 200; i++)); do
        # Below the range that the kernel hands out for outgoing connections.
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        listening "$port" || { printf '%s\n' "$port"; return; }
    done
    fail 'no free port found'
}

# --- the folder -----------------------------------------------------------------------------------------------------

password() { # USER: made once, kept
    local file=$DIR/credentials/$1
    [ -s "$file" ] || od -An -N18 -tx1 /dev/urandom | tr -d ' \n' >"$file"
    cat "$file"
}
address() { printf 'amqp://%s:%s@127.0.0.1:%s/%%2f\n' "$1" "$(password "$1")" "$AMQP_PORT"; }

write_definitions() {
    local users permissions agency
    users=$(printf '{"name":"mezhved","password":"%s","tags":"monitoring"},{"name":"publisher","password":"%s","tags":"impersonator"}' \
        "$(password mezhved)" "$(password publisher)")
    # The daemon declares and uses whatever its configuration names; the others only send, and read their own answers.
    permissions='{"user":"mezhved","vhost":"/","configure":".*","write":".*","read":".*"}'
    permissions+=',{"user":"publisher","vhost":"/","configure":"^$","write":"^mezhved\\.in$","read":"^$"}'
    for agency in "${AGENCIES[@]}"; do
        users+=$(printf ',{"name":"%s","password":"%s","tags":""}' "$agency" "$(password "$agency")")
        permissions+=$(printf ',{"user":"%s","vhost":"/","configure":"^$","write":"^mezhved\\\\.in$","read":"^(receipts|documents)\\\\.%s$"}' \
            "$agency" "$agency")
    done
    printf '{"vhosts":[{"name":"/"}],"users":[%s],"permissions":[%s]}\n' "$users" "$permissions" >"$DIR/conf/definitions.json"
}

write_configuration() {
    mkdir -p "$DIR"/{conf,credentials,data,home,log,run}
    cat >"$DIR/conf/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$AMQP_PORT
load_definitions = $DIR/conf/definitions.json
log.dir = $DIR/log
log.file = node.log
log.file.level = info
log.console = false
disk_free_limit.absolute = 200MB
CONF
    : >"$DIR/conf/env.conf"
    if [ "$MANAGEMENT" = yes ]; then
        printf 'management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\n' "$MANAGEMENT_PORT" >>"$DIR/conf/rabbitmq.conf"
        printf '[rabbitmq_management].\n' >"$DIR/conf/enabled_plugins"
    else
        printf '[].\n' >"$DIR/conf/enabled_plugins"
    fi
    write_definitions
}

# Own ports of a first start; those of the start before on a later one.
choose_ports() { # WANTED
    local wanted=$1
    AMQP_PORT='' EPMD_PORT='' DIST_PORT='' MANAGEMENT_PORT=''
    if [ -f "$DIR/run/ports" ]; then read_ports; fi
    if [ -n "$wanted" ]; then AMQP_PORT=$wanted; fi
    if [ -n "$AMQP_PORT" ] && listening "$AMQP_PORT"; then fail "port $AMQP_PORT is taken; give another one"; fi
    AMQP_PORT=${AMQP_PORT:-$(free_port)}
    # These two matter to nobody outside: taken ones are replaced.
    if [ -z "$EPMD_PORT" ] || listening "$EPMD_PORT"; then EPMD_PORT=$(free_port); fi
    if [ -z "$DIST_PORT" ] || listening "$DIST_PORT"; then DIST_PORT=$(free_port); fi
    if [ "$MANAGEMENT" = yes ]; then MANAGEMENT_PORT=${MANAGEMENT_PORT:-$(free_port)}; fi
    mkdir -p "$DIR/run"
    printf '%s %s %s %s\n' "$AMQP_PORT" "$EPMD_PORT" "$DIST_PORT" "$MANAGEMENT_PORT" >"$DIR/run/ports"
}
read_ports() { read -r AMQP_PORT EPMD_PORT DIST_PORT MANAGEMENT_PORT <"$DIR/run/ports" || fail "$DIR was never started"; }

# --- the node -------------------------------------------------------------------------------------------------------

# Debian's own wrapper drops to the user `rabbitmq`; the script behind it runs as whoever calls it.
program() { # NAME
    local place
    for place in "/usr/lib/rabbitmq/bin/$1" "/opt/rabbitmq/sbin/$1" "/usr/local/sbin/$1"; do
        if [ -x "$place" ]; then printf '%s\n' "$place"; return; fi
    done
    place=$(command -v "$1") || fail "$1 is not installed; try: deploy/packages.sh rabbitmq-server"
    printf '%s\n' "$place"
}

environment() {
    local variable
    # What a system-wide RabbitMQ was told must not reach this one.
    for variable in $(compgen -e | grep -E '^(RABBITMQ_|ERL_)' || true); do unset "$variable"; done
    export HOME=$DIR/home XDG_CONFIG_HOME=$DIR/home
    export ERL_EPMD_PORT=$EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP=$DIR/log/erl_crash.dump
    export RABBITMQ_NODENAME=mezhved@localhost RABBITMQ_DIST_PORT=$DIST_PORT
    export RABBITMQ_CONF_ENV_FILE=$DIR/conf/env.conf RABBITMQ_CONFIG_FILE=$DIR/conf/rabbitmq.conf
    export RABBITMQ_ADVANCED_CONFIG_FILE=$DIR/conf/advanced.config RABBITMQ_CONFIG_FILES=$DIR/conf/conf.d
    export RABBITMQ_ENABLED_PLUGINS_FILE=$DIR/conf/enabled_plugins RABBITMQ_GENERATED_CONFIG_DIR=$DIR/conf/generated
    export RABBITMQ_MNESIA_BASE=$DIR/data RABBITMQ_LOG_BASE=$DIR/log RABBITMQ_PID_FILE=$DIR/run/rabbitmq.pid
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
    export RABBITMQ_CTL_ERL_ARGS=$RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS
    # The server script runs the node in its own place instead of guarding it: the pid we keep is the node's.
    export detached=yes
}

# The listener opens last; the eight bytes of the protocol's greeting are answered by Connection.Start.
answers() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$AMQP_PORT"
        printf 'AMQP\0\0\11\1' >&3
        LC_ALL=C IFS='' read -t 2 -n 1 -r -d '' byte <&3
        [ "$byte" = $'\1' ]
    ) 2>/dev/null
}

start_node() {
    local server epmd
    server=$(program rabbitmq-server)
    epmd=$(command -v epmd) || fail 'epmd (package erlang-base) is not installed'
    setsid "$epmd" -port "$EPMD_PORT" -address 127.0.0.1 </dev/null >>"$DIR/log/epmd.log" 2>&1 9>&- &
    remember epmd $!
    setsid "$server" </dev/null >>"$DIR/log/start.log" 2>&1 9>&- &
    remember node $!
    for ((i = 0; i < START_SECONDS_MAX * 10; i++)); do
        if answers; then return 0; fi
        running node >/dev/null || return 1
        sleep 0.1
    done
    return 1
}

stop_node() { # SIGNAL
    end_process node "$1" "$STOP_SECONDS_MAX"
    end_process epmd TERM 5
}

# Outlives this script: ends the node when PID has ended, a start that is under way included.
watch() { # PID REMOVE
    local moment
    moment=$(began "$1")
    alive "$1" "$moment" || fail "--watch: no process $1"
    end_process watch KILL 2
    (
        trap '' HUP INT
        exec 9>&-
        while alive "$1" "$moment"; do sleep 1; done
        exec 9>"$DIR/run/lock"
        flock -w "$START_SECONDS_MAX" 9 || true
        rm -f "$DIR/run/watch.pid"
        stop_node KILL
        if [ "$2" = yes ] && [ -f "$DIR/run/ports" ]; then rm -rf "$DIR"; fi
    ) </dev/null >/dev/null 2>&1 &
    remember watch $!
    disown
}

# Between choosing a free port and taking it somebody else may: ports that we chose ourselves are chosen once more.
boot() { # PORT
    local kept=no
    if [ -n "$1" ] || [ -f "$DIR/run/ports" ]; then kept=yes; fi
    choose_ports "$1"
    write_configuration
    if (environment; start_node); then return 0; fi
    stop_node KILL
    [ "$kept" = no ] || return 1
    rm -f "$DIR/run/ports"
    say 'the node did not start; once more with other ports'
    choose_ports ''
    write_configuration
    if (environment; start_node); then return 0; fi
    stop_node KILL
    return 1
}

start() {
    local port='' watched='' remove=no
    while [ $# -gt 0 ]; do
        case $1 in
            --management) MANAGEMENT=yes ;;
            --watch) watched=${2:-}; shift ;;
            --remove) remove=yes ;;
            [1-9]*) port=$1 ;;
            *) usage ;;
        esac
        shift
    done
    mkdir -p "$DIR/run"
    exec 9>"$DIR/run/lock"
    flock -w "$START_SECONDS_MAX" 9 || fail "another start works on $DIR"
    if [ -n "$watched" ]; then watch "$watched" "$remove"; fi
    if running node >/dev/null; then
        read_ports
        [ "${port:-$AMQP_PORT}" = "$AMQP_PORT" ] || fail "already runs on port $AMQP_PORT; stop it first"
    else
        end_process epmd TERM 5
        command -v rabbitmq-server >/dev/null || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || "$HERE/packages.sh" rabbitmq-server
        boot "$port" || {
            { grep -hF -m 10 '[error]' "$DIR/log/start.log" || tail -n 15 "$DIR/log/start.log" "$DIR/log/node.log"; } >&2 || true
            fail "the node did not start; its logs: $DIR/log"
        }
    fi
    address mezhved
}

MANAGEMENT=no
[ $# -ge 2 ] || usage
verb=$1 DIR=$2
shift 2
case $DIR in
    *[[:space:]]*) fail "a folder without spaces, please: RabbitMQ's own scripts split them" 2 ;;
    /*) ;;
    *) DIR=$PWD/$DIR ;;
esac

case $verb in
    start) start "$@" ;;
    stop) end_process watch KILL 2; stop_node TERM ;;
    kill) end_process watch KILL 2; stop_node KILL ;;
    status)
        pid=$(running node) || { say "not running: $DIR"; exit 3; }
        read_ports
        answers || { say "pid $pid runs, port $AMQP_PORT does not answer"; exit 1; }
        printf 'running: pid %s, 127.0.0.1:%s, %s\n' "$pid" "$AMQP_PORT" "$DIR"
        ;;
    url)
        read_ports
        [ -s "$DIR/credentials/${1:-mezhved}" ] || fail "no user ${1:-mezhved} here"
        address "${1:-mezhved}"
        ;;
    ctl)
        read_ports
        environment
        exec "$(program rabbitmqctl)" "$@"
        ;;
    *) usage ;;
esac
