# shellcheck shell=bash
# Builds what changed. Whether something did is told by a hash of the sources' contents, since
# times lie after a checkout, and a hash of a few hundred files takes a moment.

readonly BUILD_STAMP=$ROOT/target/build.stamp
readonly BUILD_LOG=$ROOT/target/build.log
# What goes into a running Emberscope; tests, documents and benchmarks do not.
readonly BUILT_FROM=(pom.xml .mvn base bpf profile symbolizer collector storage server cli web)
# The modules with a main class; each is a jar with its libraries beside it.
readonly PROGRAMS=(server collector cli)

# Afterwards JAVA_HOME is set and everything that runs is built from the sources as they are. With
# EMBERSCOPE_BUILD=never it is run as it was built, whatever the sources are.
ensure_built() {
  need_jdk
  [[ ${EMBERSCOPE_BUILD:-} != never ]] || return 0
  is_built && return
  need_tools build
  mkdir -p -- "$ROOT/target"
  exec 9>"$ROOT/target/build.lock"
  if ! flock -n 9; then
    say 'another build is running here, waiting for it'
    flock 9
    # Perhaps it built the same.
    is_built && { exec 9>&-; return; }
  fi
  rm -f -- "$BUILD_STAMP"
  local hash
  hash=$(sources_hash)
  run_maven 'Emberscope' -DskipTests -pl "$(IFS=,; printf '%s' "${PROGRAMS[*]}")" -am package
  make_aot_caches
  printf '%s\n' "$hash" >"$BUILD_STAMP"
  exec 9>&-
}

is_built() {
  local program
  for program in "${PROGRAMS[@]}"; do
    [[ -f $ROOT/$program/target/emberscope-$program.jar ]] || return 1
  done
  [[ -r $BUILD_STAMP && $(<"$BUILD_STAMP") == "$(sources_hash)" ]]
}

# A hash of the names and contents of all sources, and of the JDK's version.
sources_hash() {
  local -a present=()
  local source
  for source in "${BUILT_FROM[@]}"; do
    [[ -e $ROOT/$source ]] && present+=("$source")
  done
  {
    cat -- "$JAVA_HOME/release" 2>/dev/null || true
    cd -- "$ROOT" || exit
    find "${present[@]}" \( -name target -o -name node_modules -o -name dist \
      -o -path '*/src/test' \) -prune -o -type f -print0 \
      | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -d ' ' -f 1
}

# run_maven WHAT ARGUMENT...: runs Maven with its output in the log, shows how far it is, and
# ends with the errors if it fails.
run_maven() {
  local what=$1 start=$SECONDS
  shift
  say "building $what; the log is ${BUILD_LOG#"$ROOT/"}"
  if ! (cd -- "$ROOT" && mvn -B -Dstyle.color=never "$@" </dev/null 2>&1) | tee -- "$BUILD_LOG" | show_progress; then
    # A compiler's warning is an error here; npm speaks for itself.
    grep -E '^(\[(ERROR|WARNING)\]|npm) .*[^ ]' -- "$BUILD_LOG" | grep -v -F '[Help 1]' | head -n 25 >&2
    die "the build of $what failed; its first errors are above" "All of it: $BUILD_LOG"
  fi
  say "built $what in $((SECONDS - start)) s"
}

# Turns Maven's output into a line per module; in a terminal, one line that is written over.
show_progress() {
  local line shown=''
  local building='^\[INFO\] Building (.*[^ ]) +[^ ]+ +\[([0-9]+/[0-9]+)\]$'
  while IFS= read -r line; do
    if [[ $line =~ $building ]]; then
      shown="  [${BASH_REMATCH[2]}] ${BASH_REMATCH[1]}"
    elif [[ -t 2 && $line == '[INFO] --- '* ]]; then
      # Goal and module, so that a long step is seen to be alive.
      line=${line#'[INFO] --- '}
      printf '\r\e[K%s: %s' "$shown" "${line%% *}" >&2
      continue
    else
      continue
    fi
    if [[ -t 2 ]]; then printf '\r\e[K%s' "$shown" >&2; else printf '%s\n' "$shown" >&2; fi
  done
  if [[ -t 2 && -n $shown ]]; then printf '\r\e[K' >&2; fi
}

# class_path MODULE: its jar and its libraries, always in the same order.
class_path() {
  local path=$ROOT/$1/target/emberscope-$1.jar library
  if [[ $ROOT == *:* ]]; then
    die "the directory's name has a colon: $ROOT" \
      'Java cannot have it in a class path; move the checkout.'
  fi
  for library in "$ROOT/$1/target/lib/"*.jar; do
    [[ -e $library ]] && path+=:$library
  done
  printf '%s' "$path"
}

# Records what programs load and do, so that later starts need less time.
make_aot_caches() {
  local scratch
  scratch=$(mktemp -d)
  make_collector_cache "$scratch"
  make_cli_cache "$scratch"
  rm -rf -- "$scratch"
}

# record_start MODULE LIMIT CLASS ARGUMENT...: runs a program for at most so many seconds. Without the
# record, starts are slower and nothing else.
record_start() {
  local module=$1 limit=$2
  shift 2
  local cache=$ROOT/$module/target/$module.aot
  rm -f -- "$cache"
  say "recording a start of the $module"
  timeout --signal=TERM "$limit" "$JAVA_HOME/bin/java" "@$ROOT/$module/jvm.options" \
    "-XX:AOTCacheOutput=$cache" -cp "$(class_path "$module")" "$@" >>"$BUILD_LOG" 2>&1 || true
}

# While it samples for a moment, which only root can.
make_collector_cache() {
  ((EUID == 0)) || return 0
  # There is no server at port 9, so nothing that is sampled leaves.
  record_start collector 3 io.emberscope.collector.CollectorMain collect \
    --server http://127.0.0.1:9 --data "$1" --metrics-listen off </dev/null
}

# While it looks up the addresses of a program with debug information.
make_cli_cache() {
  local program=$1/program
  gcc -g -O1 -x c -o "$program" - >>"$BUILD_LOG" 2>&1 <<'TEXT' || return 0
#include <stdio.h>
static inline __attribute__((always_inline)) int square(int n) { return n * n; }
int main(int argc, char **argv) { return printf("%s %d\n", argv[0], square(argc)); }
TEXT
  seq 0 8191 | xargs printf '%x\n' |
    record_start cli 60 io.emberscope.cli.DebugInfoMain lookup "$program"
}
