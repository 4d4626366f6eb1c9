# shellcheck shell=bash
# Boots other Linux kernels in QEMU, on this machine's own files, and runs the tests of the kernel's
# part there. Everything that it makes is in target/kernels; this machine's kernel stays as it is.

readonly KERNELS=$ROOT/target/kernels
# Debian's releases, for their kernels: 5.10, 6.1, 6.12, and the newest there is.
readonly KERNELS_DEFAULT=(bullseye bookworm trixie sid)
readonly KERNEL_TESTS_DEFAULT=(KernelFeaturesIT NativeLibraryIT SamplerIT StacksIT SideBandIT
  SamplingRulesIT SamplerCgroupIT WaitsIT MuslProgramIT ColdStackIT ChainsIT
  '-Dchains.builds=basic-gcc-O2|asm-gcc-O2|rust-O2' -Dchains.known=true)
# Where tests are, in the order in which they run.
readonly KERNEL_MODULES=(bpf symbolizer collector)
# What reads the files of this machine in the guest, each after those that it needs. What a kernel
# has built in is no file.
readonly GUEST_MODULES=(virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
  netfs fscache 9pnet 9pnet_virtio 9p overlay fuse)
# Until the guest has said something. Where virtual machines are emulated within one, it never may.
readonly KVM_BOOT_SECONDS=30 BOOT_SECONDS=300

cmd_kernels() {
  help_wanted "$@" && { help_kernels; return; }
  local -a suites=()
  local memory=4G
  while (($#)); do
    case $1 in
      --memory)
        (($# > 1)) || usage_error '--memory: no value (expected: --memory SIZE)' kernels
        memory=$2
        shift
        ;;
      --)
        shift
        break
        ;;
      -*) usage_error "kernels: unknown option: $1" kernels ;;
      *[!a-z]*) usage_error "kernels: $1 (expected: a release of Debian, such as bookworm)" kernels ;;
      *) suites+=("$1") ;;
    esac
    shift
  done
  (($#)) || set -- "${KERNEL_TESTS_DEFAULT[@]}"
  ((${#suites[@]})) || suites=("${KERNELS_DEFAULT[@]}")
  ((EUID == 0)) || die 'booting kernels on the files of this machine needs root, to read them all'
  need_tools build test kernels
  mkdir -p -- "$KERNELS"
  build_guest_tests
  write_guest_command "$@"
  local suite failed=''
  for suite in "${suites[@]}"; do
    fetch_kernel "$suite"
    make_initramfs
    run_kernel "$suite" "$memory" || failed+=" $suite"
  done
  [[ -z $failed ]] || die "failed on:$failed; the output of each is above, and in ${KERNELS#"$ROOT/"}"
  say "passed on: ${suites[*]}"
}

# Classes of tests, and the class paths that Maven would run them with.
build_guest_tests() {
  local version
  run_maven 'the tests' -DskipTests -pl collector -am package dependency:build-classpath \
    -Dmdep.outputFile=target/test-class-path
  version=$(sed -n 's/.*<junit.version>\(.*\)<.*/\1/p' "$ROOT/pom.xml")
  JUNIT=$KERNELS/junit-platform-console-standalone-$version.jar
  [[ -f $JUNIT ]] || run_maven 'the console of JUnit' -N dependency:copy \
    -Dartifact="org.junit.platform:junit-platform-console-standalone:$version" \
    -DoutputDirectory="$KERNELS"
}

# fetch_kernel SUITE: unpacks the release's newest kernel, and sets KERNEL to where it is.
fetch_kernel() {
  local apt=$KERNELS/apt/$1 uri package parts file
  local -a options
  # The machine's own mirror has the other releases too.
  uri=$(apt-get indextargets --format "\$(REPO_URI)" 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1)
  [[ -n $uri ]] || die 'kernels: apt knows no mirror of Debian here' \
    'Run it on Debian, or add a mirror of it to the sources of apt.'
  mkdir -p -- "$apt/lists" "$apt/cache"
  printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$1" \
    >"$apt/sources.list"
  options=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root)
  say "looking for the kernel of $1"
  apt_get "${options[@]}" update >"$apt/log" 2>&1 || die "apt-get update failed for $1" "Its output: $apt/log"
  package=$(apt-cache "${options[@]}" depends linux-image-amd64 2>/dev/null \
    | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
  [[ -n $package ]] || die "kernels: $1 has no package linux-image-amd64"
  KERNEL=$KERNELS/$package
  [[ -d $KERNEL ]] && return
  # Newer ones come in parts.
  parts=$(apt-cache "${options[@]}" depends "$package" 2>/dev/null \
    | sed -n 's/^ *Depends: \(linux-\(binary\|modules\)-[^ ]*\)$/\1/p')
  say "getting $package"
  rm -rf -- "$apt/packages" "$KERNEL.new"
  mkdir -- "$apt/packages"
  # shellcheck disable=SC2086 # a word each
  (cd -- "$apt/packages" && apt_get "${options[@]}" download "$package" $parts) >>"$apt/log" 2>&1 \
    || die "apt-get download $package failed" "Its output: $apt/log"
  for file in "$apt/packages/"*.deb; do
    dpkg-deb -x "$file" "$KERNEL.new"
  done
  rm -rf -- "$apt/packages"
  mv -- "$KERNEL.new" "$KERNEL"
}

# What the guest starts with: a shell, and the modules with which it reads this machine's files.
make_initramfs() {
  local tree=$KERNEL.initramfs module file
  rm -rf -- "$tree"
  mkdir -p -- "$tree"/{bin,dev,proc,sys,modules,files,top,whole}
  cp -- "$(type -P busybox)" "$tree/bin/busybox"
  for module in "${GUEST_MODULES[@]}"; do
    file=$(find "$KERNEL" -name "$module.ko*" -print -quit)
    case $file in
      *.xz) xz -dc -- "$file" >"$tree/modules/$module.ko" ;;
      *.ko) cp -- "$file" "$tree/modules/$module.ko" ;;
      *) continue ;;
    esac
    printf '%s\n' "$module" >>"$tree/modules/order"
  done
  cp -- "$KERNELS/guest.sh" "$tree/guest.sh"
  cat >"$tree/init" <<'TEXT'
#!/bin/busybox sh
# The first process of the guest. Its files are this machine's, and what it writes is in memory.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "guest: Linux $(uname -r), $(nproc) CPUs"
while read -r module; do
  insmod "/modules/$module.ko"
done </modules/order
mount -t tmpfs tmpfs /top
mkdir /top/upper /top/work
{
  mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 files /files &&
    mount -t overlay -o lowerdir=/files,upperdir=/top/upper,workdir=/top/work overlay /whole
} || poweroff -f
for each in tmp run var/tmp; do
  mount -t tmpfs tmpfs "/whole/$each"
done
chmod 1777 /whole/tmp /whole/var/tmp
cp /bin/busybox /guest.sh /whole/run/
for each in dev proc sys; do
  mount -o move "/$each" "/whole/$each"
done
exec switch_root /whole /run/busybox sh /run/guest.sh
TEXT
  chmod +x -- "$tree/init"
  (cd -- "$tree" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$KERNEL.initramfs.gz"
  rm -rf -- "$tree"
}

# write_guest_command TEST-OR-OPTION...: what the guest does with the machine's files.
write_guest_command() {
  local module class each
  local -a java=("$JAVA_HOME/bin/java" -XX:+UseSerialGC -Xmx1g --enable-native-access=ALL-UNNAMED)
  local -A classes=()
  for each in "$@"; do
    case $each in
      -*)
        java+=("$each")
        continue
        ;;
    esac
    class=''
    for module in "${KERNEL_MODULES[@]}"; do
      class=$(cd -- "$ROOT/$module/target/test-classes" && find . -name "$each.class" -print -quit)
      [[ -z $class ]] || break
    done
    [[ -n $class ]] || die "kernels: there is no test $each in bpf, symbolizer and collector"
    class=${class#./} class=${class%.class}
    classes[$module]+=" --select-class=${class//\//.}"
  done
  {
    cat <<'TEXT'
mount -t devpts devpts /dev/pts 2>/dev/null || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; }
mkdir -p /dev/shm /tmp/home
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo '+cpu +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up 2>/dev/null || /run/busybox ip link set lo up
ln -s /proc/self/fd /dev/fd
export HOME=/tmp/home LANG=C.UTF-8
failed=0
TEXT
    printf 'export PATH=%q\n' "$PATH"
    # Where a rustc that rustup put there finds its toolchain.
    printf 'export RUSTUP_HOME=%q\n' "${RUSTUP_HOME:-${HOME:-}/.rustup}"
    printf 'echo "guest: doctor"\n'
    printf '%q ' "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
      -cp "$(class_path collector)" io.emberscope.collector.CollectorMain doctor
    printf '\n'
    for module in "${KERNEL_MODULES[@]}"; do
      [[ -n ${classes[$module]:-} ]] || continue
      printf 'echo "guest: tests of %s"\ncd %q\n' "$module" "$ROOT/$module"
      printf '%q ' "${java[@]}" -cp "$(guest_class_path "$module")" \
        org.junit.platform.console.ConsoleLauncher execute
      printf '%s --disable-banner --disable-ansi-colors --details=testfeed --fail-if-no-tests || failed=1\n' \
        "${classes[$module]}"
    done
    # shellcheck disable=SC2016 # is for the guest's shell to expand
    printf 'echo "guest: end $failed"\n/run/busybox sleep 1\n/run/busybox poweroff -f\n'
  } >"$KERNELS/guest.sh"
}

guest_class_path() {
  printf '%s:%s:%s:%s' "$ROOT/$1/target/test-classes" "$ROOT/$1/target/emberscope-$1.jar" "$JUNIT" \
    "$(<"$ROOT/$1/target/test-class-path")"
}

# run_kernel SUITE MEMORY: boots KERNEL; fails unless all tests passed in it.
run_kernel() {
  local log=$KERNELS/$1.log name start=$SECONDS
  name=$(basename -- "$KERNEL")
  # Found out with the first.
  if [[ -z ${ACCELERATOR:-} && -w /dev/kvm ]] && boot kvm "$2" "$log" "$KVM_BOOT_SECONDS"; then
    ACCELERATOR=kvm
  else
    ACCELERATOR=${ACCELERATOR:-tcg}
    boot "$ACCELERATOR" "$2" "$log" "$BOOT_SECONDS" || die "$name did not start" "Its output: $log"
  fi
  say "$name ran for $((SECONDS - start)) s; its output is ${log#"$ROOT/"}"
  grep -q $'^guest: end 0\r$' -- "$log"
}

# boot ACCELERATOR MEMORY LOG SECONDS: shows what KERNEL says until it ends; fails if it says nothing
# of itself for too long.
boot() {
  local -a machine=(qemu-system-x86_64 -accel "$1" -m "$2" -no-reboot -display none
    -monitor none -serial "file:$3" -kernel "$(find "$KERNEL" -name 'vmlinuz*' -print -quit)"
    -initrd "$KERNEL.initramfs.gz" -append 'console=ttyS0 quiet panic=-1'
    -virtfs 'local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap')
  local qemu deadline=$((SECONDS + $4)) status=0
  case $1 in
    # Where this machine is a guest itself, it may not be allowed to promise all that it has.
    kvm) machine+=(-cpu 'host,-arch-capabilities' -smp 2) ;;
    # By its own clock, which goes by instructions: nothing is missing of the time then, whatever
    # the machine does besides. QEMU can do it with one CPU only.
    tcg) machine+=(-cpu max -smp 1 -icount 'shift=1') ;;
  esac
  say "booting $(basename -- "$KERNEL") with $1"
  : >"$3"
  "${machine[@]}" </dev/null >&2 &
  qemu=$!
  while ! grep -q '^guest: Linux' -- "$3"; do
    if ((SECONDS > deadline)) || ! kill -0 "$qemu" 2>/dev/null; then
      kill -KILL "$qemu" 2>/dev/null || true
      wait "$qemu" 2>/dev/null || status=$?
      say "it did not start within $4 s: $1 ended with status $status"
      return 1
    fi
    sleep 0.2
  done
  tail -n +1 -f --pid="$qemu" -- "$3" | sed -u 's/\r$//'
  wait "$qemu" || status=$?
  ((status == 0)) || say "qemu ended with status $status"
}
