# shellcheck shell=bash
# What Emberscope needs on a machine: finds it, installs it where it may, says how where not.

readonly JDK_MAJOR=25
readonly NODE_MIN=20.19
# What is taken from npm where the machine's own Node.js is older or absent.
readonly NODE_FROM_NPM=22 NPM_FROM_NPM=10
readonly NODE_HOME=$ROOT/target/tools/node

# need_tools build|test...: afterwards everything these need is there, JAVA_HOME is set, and java
# and node are first on the PATH. Otherwise ends with what to do.
need_tools() {
  MISSING=() MISSING_WHY=()
  local purpose
  for purpose in "$@"; do
    "want_for_$purpose"
  done
  ((${#MISSING[@]} == 0)) || install_missing
  need_jdk
  need_node
}

want_for_build() {
  want_command mvn maven 'builds the Java modules'
  want_command make make 'builds the C parts'
  want_command clang clang 'compiles the BPF program'
  want_command llvm-strip llvm 'takes debug information out of the BPF program'
  want_command gcc gcc "compiles the collector's native part"
  want_file /usr/include/stdio.h libc6-dev "has the C library's headers"
  want_file /usr/include/bpf/libbpf.h libbpf-dev 'loads the BPF program'
  want_file /usr/include/libelf.h libelf-dev 'is needed by libbpf'
  if ! new_enough_node; then
    want_command npm npm "brings a Node.js >= $NODE_MIN to build the page with"
  fi
}

want_for_test() {
  want_command chromium chromium 'opens the page in the browser tests'
  want_command perf linux-perf 'is what samples are compared with'
  want_command bpftool bpftool 'shows what is left in the kernel after a crash'
  want_command runc runc 'runs the containers of the tests'
  want_command go golang-go 'has go tool pprof, which must read our downloads'
  want_command rustc rustc 'compiles one of the programs whose stacks are known'
  want_command g++ g++ 'compiles others of them'
  want_command musl-gcc musl-tools 'compiles some of them with another C library'
  want_command python3 python3 'is one of the programs that are profiled'
  want_match '/usr/lib/python3*/ensurepip/__init__.py' python3-venv 'installs DuckDB, which reads our tables'
  want_command php php-cli 'is another, whose compiler tells names of what it makes'
  want_command erl erlang-base 'is another, which tells names too (with systemd it starts epmd, which listens on port 4369)'
  if [[ $(uname -m) == x86_64 ]]; then
    want_command aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu 'compiles the C parts for arm64 too'
    want_file /usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross 'has headers for that'
    # UnwindTableOracleIT compares the tables of these.
    want_match '/usr/lib/x86_64-linux-gnu/libcrypto.so.3' openssl 'is assembly code, for unwind tables'
    want_match '/usr/lib/x86_64-linux-gnu/libLLVM[-.]*so*' llvm 'is large code in C++, for unwind tables'
    want_match '/usr/lib/x86_64-linux-gnu/libpython3*.so.1.0' libpython3-dev 'is code in C, for unwind tables'
    want_match '/usr/lib/jvm/java-*-openjdk-*/lib/server/libjvm.so' default-jre-headless \
      'is another JVM, for unwind tables'
    want_match '/usr/bin/python3' python3 'is a program in C, for unwind tables'
    # DwarfOracleIT compares debug information by these, and that of these.
    want_command llvm-symbolizer-19 llvm-19 'says what belongs to addresses, for debug information'
    want_command llvm-dwp-19 llvm-19 'packs debug information of its own files'
    want_command dwp binutils 'packs it in the older way'
    want_command ld.gold binutils 'is another linker'
    want_command clang++ clang 'compiles some of the programs that have it'
    want_command ld.lld lld 'is the linker of those that are optimized when they are linked'
    want_command dwz dwz 'takes out of it what is there twice'
    want_debug_file /usr/lib/x86_64-linux-gnu/libc.so.6 libc6-dbg 'is debug information of C'
    want_match /usr/lib/x86_64-linux-gnu/debug/libstdc++.so.6 "$(libstdcxx_dbg)" 'has that of the C++ library'
    want_match '/usr/lib/x86_64-linux-gnu/libpython3*d.so.1.0' libpython3-dbg 'is more of it, with inlined functions'
    if ! matches "${HOME:-}/.rustup/toolchains/*/lib/librustc_driver-*.so"; then
      want_match '/usr/lib/x86_64-linux-gnu/librustc_driver-*.so' rustc 'is large code in Rust, for unwind tables'
    fi
  fi
  want_command c++filt binutils 'reads names of C++, as we do'
  want_file /usr/lib/llvm-19/bin/llvm-cxxfilt llvm-19 'reads names of C++, as we do'
  want_match '/usr/lib/llvm-*/lib/libclang-cpp.so.*' clang 'has names of C++'
  want_match '/usr/src/binutils/binutils-*.tar.xz' binutils-source 'has those that GNU tests its reader with'
  want_command xz xz-utils 'unpacks them'
  want_match '/usr/share/cargo/registry/rustc-demangle-*/src/lib.rs' librust-rustc-demangle-dev 'has those of Rust'
  want_command debuginfod debuginfod 'serves debug information, which our server fetches'
  want_command shellcheck shellcheck 'checks the shell scripts'
}

# What only --long needs, as it is large.
want_for_long_test() {
  [[ $(uname -m) == x86_64 ]] || return 0
  # SymbolFileHeapIT reads it.
  want_debug_file '/usr/lib/jvm/java-17-openjdk-*/lib/server/libjvm.so' openjdk-17-dbg \
    'is the debug information of a large program'
}

want_for_kernels() {
  want_command qemu-system-x86_64 qemu-system-x86 'boots other kernels'
  want_command busybox busybox-static 'is the shell that they start'
  want_command xz xz-utils 'unpacks their modules'
  want_file /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring "knows Debian's signatures"
}

# want_command COMMAND PACKAGE WHY
want_command() {
  have_command "$1" || want_package "$2" "$3"
}

# The shell finds a file on the PATH also if it cannot be executed.
have_command() {
  [[ -x $(type -P "$1") ]]
}

# want_file FILE PACKAGE WHY; a header may also be in the directory of this architecture.
want_file() {
  [[ -e $1 || -e ${1/include/include/$(uname -m)-linux-gnu} ]] || want_package "$2" "$3"
}

# want_match PATTERN PACKAGE WHY
want_match() {
  matches "$1" || want_package "$2" "$3"
}

# want_debug_file PATTERN PACKAGE WHY: the debug file of a binary, by its build id.
want_debug_file() {
  local binary id=none
  for binary in $(compgen -G "$1"); do
    id=$(readelf -n "$binary" | sed -n 's/^ *Build ID: //p') || id=none
  done
  [[ -e /usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug ]] || want_package "$2" "$3"
}

# The package with the debug information of the C++ library: the version of gcc is in its name.
libstdcxx_dbg() {
  local name
  name=$(apt-cache pkgnames libstdc++6- 2>/dev/null | grep -E '^libstdc\+\+6-[0-9]+-dbg$' \
    | sort -V | tail -n 1) || name=''
  printf '%s\n' "${name:-libstdc++6-12-dbg}"
}

# Whether a pattern is the name of a file.
matches() {
  compgen -G "$1" >/dev/null
}

want_package() {
  MISSING+=("$1")
  MISSING_WHY+=("$1: $2")
}

install_missing() {
  local log=$ROOT/target/install.log command
  command="apt-get install -y --no-install-recommends ${MISSING[*]}"
  say 'this machine lacks:'
  printf '  %s\n' "${MISSING_WHY[@]}" >&2
  if ! have_command apt-get; then
    die 'nothing was installed, as this is neither Debian nor Ubuntu' \
      'Install the above by the names your system gives them, then run this again.'
  fi
  if ((EUID != 0)); then
    die 'installing needs root' "Run: sudo $command" 'Then run this again.'
  fi
  say "running $command"
  mkdir -p -- "$ROOT/target"
  # The package lists may be absent, as in a fresh image, or too old to install from.
  if ! { apt_install >"$log" 2>&1 || { apt_get update && apt_install; } >>"$log" 2>&1; }; then
    tail -n 15 -- "$log" >&2
    die 'apt-get failed; the end of its output is above' "All of it: $log" "Repeat: $command"
  fi
  hash -r
  MISSING=() MISSING_WHY=()
}

apt_install() {
  apt_get install -y --no-install-recommends "${MISSING[@]}"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null
}

# Sets JAVA_HOME, or ends with how to get a JDK.
need_jdk() {
  local package=openjdk-$JDK_MAJOR-jdk-headless
  if ! find_jdk && ((EUID == 0)) && apt_offers "$package"; then
    want_package "$package" 'builds and runs Emberscope'
    install_missing
    find_jdk || true
  fi
  [[ -n $JDK ]] || die_without_jdk "$package"
  export JAVA_HOME=$JDK
  export PATH=$JAVA_HOME/bin:$PATH
  # A machine's mavenrc could set another JAVA_HOME.
  export MAVEN_SKIP_RC=1
}

# Sets JDK to the best of the machine's JDKs: the release we test with, else the newest that is
# newer, else nothing. JDKS_SEEN tells what there was.
find_jdk() {
  local -a candidates=()
  local javac directory version major newest=0
  JDK='' JDKS_SEEN=''
  [[ -z ${JAVA_HOME:-} ]] || candidates+=("$JAVA_HOME")
  if have_command javac; then
    javac=$(readlink -f -- "$(type -P javac)")
    candidates+=("${javac%/bin/javac}")
  fi
  for directory in /usr/lib/jvm/*; do
    [[ -L $directory ]] || candidates+=("$directory")
  done
  for directory in "${candidates[@]}"; do
    [[ -x $directory/bin/javac ]] || continue
    version=$(jdk_version "$directory")
    major=${version%%[!0-9]*}
    [[ -n $major ]] || continue
    JDKS_SEEN+=" $directory ($version)"
    if ((major == JDK_MAJOR)); then
      JDK=$directory
      return 0
    fi
    if ((major > JDK_MAJOR && major > newest)); then
      JDK=$directory newest=$major
    fi
  done
  [[ -n $JDK ]]
}

# jdk_version DIRECTORY: such as 25.0.3, from the file that every JDK has.
jdk_version() {
  sed -n 's/^JAVA_VERSION="\(.*\)"$/\1/p' "$1/release" 2>/dev/null || true
}

die_without_jdk() {
  local -a todo=("Looked at JAVA_HOME, PATH and /usr/lib/jvm, found:${JDKS_SEEN:- no JDK}")
  if apt_offers "$1"; then
    todo+=("Run: sudo apt-get install -y $1")
  else
    # shellcheck disable=SC2016 # is for the reader's shell to expand
    todo+=(
      'On Debian and Ubuntu, Eclipse Temurin is one. As root:'
      '  apt-get install -y wget gpg'
      '  wget -qO- https://packages.adoptium.net/artifactory/api/gpg/key/public |'
      '    gpg --dearmor -o /usr/share/keyrings/adoptium.gpg'
      '  echo "deb [signed-by=/usr/share/keyrings/adoptium.gpg]' \
      '    https://packages.adoptium.net/artifactory/deb $(. /etc/os-release;'
      '    echo $VERSION_CODENAME) main" | tr -d "\n" > /etc/apt/sources.list.d/adoptium.list'
      "  apt-get update && apt-get install -y temurin-$JDK_MAJOR-jdk"
    )
  fi
  die "there is no JDK $JDK_MAJOR here" "${todo[@]}" \
    "Or unpack a JDK $JDK_MAJOR anywhere and set JAVA_HOME to its directory."
}

apt_offers() {
  have_command apt-cache && apt-cache show "$1" >/dev/null 2>&1
}

# Puts a new enough node first on the PATH.
need_node() {
  local bin=$NODE_HOME/node_modules/.bin
  new_enough_node && return
  if [[ ! -x $bin/node ]]; then
    say "getting Node.js $NODE_FROM_NPM from npm"
    mkdir -p -- "$NODE_HOME"
    npm install --prefix "$NODE_HOME" --no-save --no-audit --no-fund --loglevel=error \
      "node@$NODE_FROM_NPM" "npm@$NPM_FROM_NPM" >&2 </dev/null \
      || die "npm could not install node@$NODE_FROM_NPM" \
        "Install Node.js >= $NODE_MIN another way, so that it is on the PATH."
  fi
  export PATH=$bin:$PATH
  hash -r
  new_enough_node || die "$bin/node does not run" "Remove $NODE_HOME and run this again."
}

new_enough_node() {
  local version major minor
  version=$(node --version 2>/dev/null) || return 1
  IFS=. read -r major minor _ <<<"${version#v}"
  have_command npm || return 1
  ((major > ${NODE_MIN%.*} || major == ${NODE_MIN%.*} && minor >= ${NODE_MIN#*.}))
}
