# shellcheck shell=bash
# Runs the built programs: where they keep their files, whose rights they have, and how server and
# collector start and end together.

readonly LISTEN_DEFAULT=127.0.0.1:4040 METRICS_LISTEN_DEFAULT=127.0.0.1:4041
readonly SERVER_READY_SECONDS=120 COLLECTOR_READY_SECONDS=60
# How the collector ends if its options are wrong, and not the machine.
readonly COLLECTOR_USAGE_STATUS=2
readonly COLLECTOR_STOP_SECONDS=20 SERVER_STOP_SECONDS=40
# As collector/jvm.options has it, and the most that is of use.
readonly HEAP_MIB_DEFAULT=48 HEAP_MIB_MAX=512
# Users that exist in no passwd file, the range that systemd takes for its dynamic users too.
readonly UID_FIRST=61184 UID_COUNT=4336

# What a user asked for; set by parse_run_options.
LISTEN=$LISTEN_DEFAULT DATA='' MEMORY='' METRICS_LISTEN='' OPEN='' COLLECTOR=1 REST=()
# What goes to the collector as it is.
COLLECTOR_OPTIONS=()
# What `up` gives to the server as it is.
SERVER_OPTIONS=()
# Further options of the JVM; see heap_of_memory.
JVM=()
# What setpriv is told about the end of its parent.
DEATH=(--pdeathsig keep)

# parse_run_options COMMAND ARGUMENT...: what is not ours is left in REST.
parse_run_options() {
  local command=$1
  shift
  while (($#)); do
    local name=$1 value='' shifts=1
    case $name in
      --listen | --data | --metrics-listen | --frequency | --memory | --sampling | --unwind | \
        --off-cpu-by | --debuginfod)
        (($# > 1)) || usage_error "$name: no value (expected: $name VALUE)" "$command"
        value=$2 shifts=2
        ;;
      --*=*) value=${name#*=} name=${name%%=*} ;;
    esac
    case $name in
      --listen) LISTEN=$value ;;
      --data) DATA=$value ;;
      --metrics-listen) METRICS_LISTEN=$value ;;
      --open) OPEN=1 ;;
      --no-collector) COLLECTOR='' ;;
      --debuginfod)
        if [[ $command == up ]]; then
          SERVER_OPTIONS+=("$name" "$value")
        else
          REST+=("${@:1:shifts}")
        fi
        ;;
      --frequency | --memory | --sampling | --unwind | --off-cpu-by)
        if [[ $command == server ]]; then
          REST+=("${@:1:shifts}")
        else
          [[ $name != --memory ]] || MEMORY=$value
          COLLECTOR_OPTIONS+=("$name" "$value")
        fi
        ;;
      *) REST+=("${@:1:shifts}") ;;
    esac
    shift "$shifts"
  done
  [[ -n $DATA ]] || DATA=$(default_data)
}

default_data() {
  if ((EUID == 0)); then
    printf '/var/lib/emberscope'
  else
    printf '%s/emberscope' "${XDG_DATA_HOME:-${HOME:-/tmp}/.local/share}"
  fi
}

cmd_server() {
  if help_wanted "$@"; then
    ensure_built
    help_server
    java_program server io.emberscope.server.ServerMain --help
    exec "${PROGRAM[@]}"
  fi
  parse_run_options server "$@"
  ensure_built
  server_program ${REST[@]+"${REST[@]}"}
  exec "${PROGRAM[@]}"
}

cmd_collect() {
  if help_wanted "$@"; then
    ensure_built
    help_collect
    java_program collector io.emberscope.collector.CollectorMain collect --help
    exec "${PROGRAM[@]}"
  fi
  parse_run_options collect "$@"
  ensure_built
  collector_program ${REST[@]+"${REST[@]}"}
  exec "${PROGRAM[@]}"
}

cmd_doctor() {
  ensure_built
  java_program collector io.emberscope.collector.CollectorMain doctor "$@"
  exec "${PROGRAM[@]}"
}

cmd_query() {
  ensure_built
  java_program cli io.emberscope.cli.QueryMain "$@"
  exec "${PROGRAM[@]}"
}

cmd_debuginfo() {
  ensure_built
  java_program cli io.emberscope.cli.DebugInfoMain "$@"
  exec "${PROGRAM[@]}"
}

cmd_up() {
  help_wanted "$@" && { help_up; return; }
  parse_run_options up "$@"
  ((${#REST[@]} == 0)) || usage_error "up: unknown option: ${REST[0]}" up
  METRICS_LISTEN=${METRICS_LISTEN:-$METRICS_LISTEN_DEFAULT}
  split_address --metrics-listen "$METRICS_LISTEN"
  METRICS_HOST=$HOST_TO_ASK METRICS_PORT=$PORT
  split_address --listen "$LISTEN"
  ensure_built
  check_port_is_free

  SERVER_PID='' COLLECTOR_PID='' MARKERS=()
  # A change of user forgets it, so it is asked for once more there.
  DEATH=(--pdeathsig TERM)
  trap 'stop_all; exit 0' INT TERM HUP
  trap stop_all EXIT

  server_program ${SERVER_OPTIONS[@]+"${SERVER_OPTIONS[@]}"}
  start server
  SERVER_PID=$STARTED
  await_server
  if [[ -n $COLLECTOR ]]; then
    collector_program --server "http://$HOST_IN_URL:$PORT"
    start collector
    COLLECTOR_PID=$STARTED
    await_collector
  fi
  say "ready: http://$HOST_SHOWN:$PORT/"
  say "Ctrl-C stops ${COLLECTOR_PID:+the collector and }the server; profiles stay in $DATA"
  watch_children
}

# Ends when the server does; a collector that ends is told of and missed.
watch_children() {
  local status ended
  while [[ -n $SERVER_PID ]]; do
    status=0
    # The shell's own message about a killed job says nothing that is not said below.
    wait -n -p ended "$SERVER_PID" ${COLLECTOR_PID:+"$COLLECTOR_PID"} 2>/dev/null || status=$?
    case ${ended:-} in
      "$SERVER_PID")
        SERVER_PID=''
        say "the server ended with status $status; its last lines are above"
        stop_all
        exit 1
        ;;
      "$COLLECTOR_PID")
        COLLECTOR_PID=''
        say "the collector ended with status $status; its last lines are above" \
          "and the server goes on. To start it again: $(collect_command)"
        ;;
    esac
  done
}

# The command line that starts a collector like that of `up` again, for a shell.
collect_command() {
  local -a words=(./emberscope collect)
  [[ $DATA == "$(default_data)" ]] || words+=(--data "$DATA")
  [[ $LISTEN == "$LISTEN_DEFAULT" ]] || words+=(--server "http://$HOST_IN_URL:$PORT")
  [[ $METRICS_LISTEN == "$METRICS_LISTEN_DEFAULT" ]] || words+=(--metrics-listen "$METRICS_LISTEN")
  words+=(${COLLECTOR_OPTIONS[@]+"${COLLECTOR_OPTIONS[@]}"})
  local line
  printf -v line '%q ' "${words[@]}"
  printf '%s' "${line% }"
}

# start NAME: starts PROGRAM in the background, its output marked with the name; STARTED is its
# process id. It does not outlive this shell, even one that is killed.
start() {
  local output
  exec {output}> >(mark "$1")
  MARKERS+=("$!")
  setpriv "${DEATH[@]}" -- "${PROGRAM[@]}" </dev/null >&"$output" 2>&1 {output}>&- &
  STARTED=$!
  exec {output}>&-
}

# Goes on through a Ctrl-C, so that the last words are heard.
mark() {
  trap '' INT TERM HUP
  exec sed -u "s/^/$(printf '%-9s' "$1") | /" >&2
}

# The collector first, so that the server takes its last profiles.
stop_all() {
  trap '' INT TERM HUP
  trap - EXIT
  local collector=${COLLECTOR_PID:-} server=${SERVER_PID:-}
  COLLECTOR_PID='' SERVER_PID=''
  [[ -z $collector$server ]] || say 'stopping'
  [[ -z $collector ]] || stop_child "$collector" collector "$COLLECTOR_STOP_SECONDS"
  [[ -z $server ]] || stop_child "$server" server "$SERVER_STOP_SECONDS"
  wait ${MARKERS[@]+"${MARKERS[@]}"} || true
}

stop_child() {
  local pid=$1 name=$2 tenths=$(($3 * 10)) i
  kill -TERM "$pid" 2>/dev/null || return 0
  for ((i = 0; i < tenths; i++)); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  say "the $name did not stop within $3 s and was killed"
  kill -KILL "$pid" 2>/dev/null || true
}

await_server() {
  local deadline=$((SECONDS + SERVER_READY_SECONDS)) reason=''
  while ((SECONDS < deadline)); do
    if ! kill -0 "$SERVER_PID" 2>/dev/null; then
      SERVER_PID=''
      die 'the server did not start; its last lines are above'
    fi
    if http_get "$HOST_TO_ASK" "$PORT" /ready; then
      [[ $HTTP_STATUS == 200 ]] && return
      reason=$HTTP_BODY
    fi
    sleep 0.1
  done
  die "the server was not ready after $SERVER_READY_SECONDS s${reason:+; it says: $reason}"
}

# Returns once the collector samples, or has ended, or makes us wait for too long.
await_collector() {
  local deadline=$((SECONDS + COLLECTOR_READY_SECONDS)) status=0
  while ((SECONDS < deadline)); do
    if ! kill -0 "$COLLECTOR_PID" 2>/dev/null; then
      wait "$COLLECTOR_PID" 2>/dev/null || status=$?
      COLLECTOR_PID=''
      if ((status == COLLECTOR_USAGE_STATUS)); then
        say 'the collector refused its options; its line above says why'
        exit 2
      fi
      say "the collector does not run here (status $status); the lines above say what it lacks," \
        'and ./emberscope doctor says more. The server goes on without it.'
      return
    fi
    if http_get "$METRICS_HOST" "$METRICS_PORT" /ready && [[ $HTTP_STATUS == 200 ]]; then
      return
    fi
    sleep 0.1
  done
  say "the collector is not ready after $COLLECTOR_READY_SECONDS s; still waiting for its profiles"
}

# split_address OPTION HOST:PORT: sets PORT, and the host as it is asked, in a URL, and shown.
split_address() {
  local form='^(\[[0-9a-fA-F:.]+\]|[^]:[]+):([0-9]{1,5})$'
  if [[ ! $2 =~ $form ]] || ((10#${BASH_REMATCH[2]} < 1 || 10#${BASH_REMATCH[2]} > 65535)); then
    usage_error "$1: $2 (expected: HOST:PORT, such as $LISTEN_DEFAULT or [::1]:4040)" up
  fi
  HOST_IN_URL=${BASH_REMATCH[1]} PORT=${BASH_REMATCH[2]}
  HOST_SHOWN=$HOST_IN_URL
  case $HOST_IN_URL in
    0.0.0.0) HOST_IN_URL=127.0.0.1 HOST_SHOWN=$(uname -n) ;;
    '[::]') HOST_IN_URL='[::1]' HOST_SHOWN=$(uname -n) ;;
  esac
  HOST_TO_ASK=${HOST_IN_URL//[][]/}
}

# http_get HOST PORT PATH: sets HTTP_STATUS and HTTP_BODY; fails if nobody answers. The shell's own
# sockets, as a bare machine has neither curl nor wget.
http_get() {
  local answer host=$1
  answer=$(
    exec 2>/dev/null 3<>"/dev/tcp/$1/$2" || exit 1
    [[ $1 != *:* ]] || host="[$1]"
    printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$3" "$host" "$2" >&3
    timeout 5 head -c 65536 <&3
  ) || return 1
  HTTP_STATUS=${answer#HTTP/1.[01] }
  HTTP_STATUS=${HTTP_STATUS%%[!0-9]*}
  HTTP_BODY=${answer#*$'\r\n\r\n'}
  [[ -n $HTTP_STATUS ]]
}

check_port_is_free() {
  local holder
  # shellcheck disable=SC2016 # is for the inner shell to expand
  timeout 2 bash -c ': <>"/dev/tcp/$0/$1"' "$HOST_TO_ASK" "$PORT" 2>/dev/null || return 0
  holder=$(port_holder "$PORT")
  if http_get "$HOST_TO_ASK" "$PORT" /api/v1/status && [[ $HTTP_BODY == *'"version"'* ]]; then
    holder+="${holder:+, }an Emberscope server"
  fi
  die "$LISTEN is taken${holder:+ by $holder}" \
    "Stop that, or choose another port: ./emberscope up --listen ${LISTEN%:*}:$((10#$PORT + 1))"
}

# port_holder PORT: the name and id of the process that listens there, if we may know.
port_holder() {
  local hex state inode address pid
  printf -v hex ':%04X' "$((10#$1))"
  while read -r _ address _ state _ _ _ _ _ inode _; do
    [[ $state == 0A && $address == *"$hex" ]] || continue
    pid=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null) || true
    pid=${pid#/proc/} pid=${pid%%/*}
    [[ -n $pid ]] || continue
    printf '%s (process %s)' "$(tr -d '[:cntrl:]' <"/proc/$pid/comm")" "$pid"
    return
  done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# Sets JVM to what the collector's budget means for its heap, which cannot change once it runs: a
# quarter of it where that is more than what jvm.options gives. The collector cuts the rest.
heap_of_memory() {
  local form='^([0-9]{1,9})([KMG])iB$' mib
  JVM=()
  [[ $MEMORY =~ $form ]] || return 0
  case ${BASH_REMATCH[2]} in
    K) mib=$((10#${BASH_REMATCH[1]} / 1024)) ;;
    M) mib=$((10#${BASH_REMATCH[1]})) ;;
    G) mib=$((10#${BASH_REMATCH[1]} * 1024)) ;;
  esac
  ((mib / 4 <= HEAP_MIB_DEFAULT)) || JVM=("-Xmx$((mib / 4 < HEAP_MIB_MAX ? mib / 4 : HEAP_MIB_MAX))m")
}

# java_program MODULE CLASS ARGUMENT...: sets PROGRAM to the command line.
java_program() {
  local module=$1 class=$2
  shift 2
  PROGRAM=("$JAVA_HOME/bin/java")
  [[ ! -f $ROOT/$module/jvm.options ]] || PROGRAM+=("@$ROOT/$module/jvm.options")
  PROGRAM+=(${JVM[@]+"${JVM[@]}"})
  if aot_cache_is_current "$module"; then
    PROGRAM+=("-XX:AOTCache=$ROOT/$module/target/$module.aot")
  fi
  PROGRAM+=(-cp "$(class_path "$module")" "$class" "$@")
}

# The JVM runs the classes of a cache even if the jar has other ones by now.
aot_cache_is_current() {
  local cache=$ROOT/$1/target/$1.aot jar
  local -a jars
  [[ -f $cache ]] || return 1
  IFS=: read -r -a jars <<<"$(class_path "$1")"
  for jar in "${jars[@]}"; do
    [[ $cache -nt $jar ]] || return 1
  done
}

# Sets PROGRAM to the server, with as few rights as it can have.
server_program() {
  make_data_directory
  java_program server io.emberscope.server.ServerMain \
    --listen "$LISTEN" --data "$DATA/server" ${OPEN:+--open} "$@"
  if ((EUID == 0)); then
    drop_root
  else
    make_private "$DATA/server"
  fi
}

# Sets PROGRAM to the collector.
collector_program() {
  make_data_directory
  make_private "$DATA/collector"
  heap_of_memory
  java_program collector io.emberscope.collector.CollectorMain collect \
    --data "$DATA/collector" ${METRICS_LISTEN:+--metrics-listen "$METRICS_LISTEN"} \
    ${COLLECTOR_OPTIONS[@]+"${COLLECTOR_OPTIONS[@]}"} "$@"
}

# Makes DATA and its absolute name. What root writes to must be root's all the way up: otherwise
# someone else could put a link where root is about to create or give away a file.
make_data_directory() {
  DATA=$(realpath -m -- "$DATA")
  mkdir -p -- "$DATA" || die "--data: $DATA cannot be made" 'Choose another with --data DIR.'
  ((EUID == 0)) || return 0
  local directory=$DATA owner mode
  while :; do
    read -r owner mode < <(stat -c '%u %a' -- "$directory")
    if ((owner != 0 || (8#$mode & 8#22) != 0 && (8#$mode & 8#1000) == 0)); then
      die "--data: $directory can be changed by others (owner $owner, mode $mode)" \
        "Root keeps profiles only where nobody else can move them: choose another with --data DIR" \
        "or run: chown root:root '$directory' && chmod go-w '$directory'"
    fi
    [[ $directory != / ]] || break
    directory=$(dirname -- "$directory")
  done
}

# Makes PROGRAM run as a user that owns nothing but DATA/server, with no capability and no way to
# get one. Where such a user cannot read the program, it stays root, but without capabilities.
drop_root() {
  local own=$DATA/server uid unreadable
  local -a bare=(setpriv "${DEATH[@]}" --inh-caps=-all --bounding-set=-all --no-new-privs)
  uid=$(server_uid "$own")
  local -a user=("${bare[@]}" --reuid "$uid" --regid "$uid" --clear-groups)
  # shellcheck disable=SC2016 # is for the inner shell to expand
  if unreadable=$("${user[@]}" bash -c \
    'for file; do [[ -r $file ]] || { printf "%s" "$file"; exit 1; }; done' \
    _ "$JAVA_HOME/bin/java" "$JAVA_HOME/lib/modules" "$ROOT/server/jvm.options" \
    "$ROOT/server/target/"*.jar "$ROOT/server/target/lib/"*.jar 2>&1); then
    give_to "$uid" "$own"
    PROGRAM=("${user[@]}" -- "${PROGRAM[@]}")
  else
    say "the server keeps the user root, as others cannot read $unreadable"
    give_to 0 "$own"
    PROGRAM=("${bare[@]}" -- "${PROGRAM[@]}")
  fi
}

# server_uid DIRECTORY: the user that owns it already, or one made from its name.
server_uid() {
  local uid
  uid=$(stat -c %u -- "$1" 2>/dev/null) || uid=0
  if ((uid < UID_FIRST || uid >= UID_FIRST + UID_COUNT)); then
    uid=$(cksum <<<"$1")
    uid=$((UID_FIRST + ${uid%% *} % UID_COUNT))
  fi
  printf '%s' "$uid"
}

# make_private DIRECTORY: there afterwards; nobody else's to read if it is new.
make_private() {
  [[ -d $1 ]] || mkdir -m 0700 -- "$1"
}

# give_to UID DIRECTORY: makes the directory and what is in it that user's. A file with a second
# name is left alone, as that name may be somebody else's.
give_to() {
  [[ ! -L $2 ]] || die "$2 is a symbolic link (expected: a directory)"
  make_private "$2"
  find -P "$2" -xdev ! -uid "$1" \( -type d -o -type f -links 1 \) \
    -exec chown -h "$1:$1" -- {} +
}
