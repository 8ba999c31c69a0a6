# A Debian 12 of its own, booted by systemd-nspawn. Sourced by tests/boot, which sets: work (folder of this run).

cache=${XDG_CACHE_HOME:-$HOME/.cache}/consent-sync

# Why nspawn is impossible here; empty: it is possible.
why_not() {
    [ "$(id -u)" = 0 ] || { echo "needs root"; return; }
    [ "$(uname -m)" = x86_64 ] || { echo "made for amd64"; return; }
    if [ ! -d /run/systemd/system ] && ! mkdir -p "/sys/fs/cgroup/systemd/consent-sync-boot.$$" 2>/dev/null; then
        echo "no control groups of its own can be made here"
        return
    fi
    unshare --mount --pid --uts --ipc --net --fork true 2>/dev/null || echo "no namespaces can be made here"
}

# make_root PACKAGE…: $work/root, from the cache if the same packages were asked for before.
make_root() {
    local packages image
    packages=$(IFS=,; echo "systemd,systemd-sysv,dbus,libnss-systemd,iproute2,procps,curl,acl,man-db,$*")
    image=$cache/boot-$(sha256sum <<< "$packages" | cut -c1-12).tar
    if [ ! -s "$image" ]; then
        mkdir -p "$cache"
        mmdebstrap --variant=minbase --include="$packages" bookworm "${image%.tar}.new.tar" > "$work/mmdebstrap.log" 2>&1 ||
            { tail -5 "$work/mmdebstrap.log"; return 1; }
        mv "${image%.tar}.new.tar" "$image"
    fi
    mkdir "$work/root"
    tar -C "$work/root" -xf "$image" --exclude='./dev/*' || return 1
    mkdir -p "$work/root/dev"
    rm -f "$work/root/etc/machine-id"
    printf '127.0.0.1 localhost\n::1 localhost\n' > "$work/root/etc/hosts"
    # The machine has its loopback alone, and nothing that would ever be online.
    ln -sf /dev/null "$work/root/etc/systemd/system/systemd-networkd-wait-online.service"
}

# in_nspawn OPTIONS AND COMMAND…: takes the place of the calling shell.
in_nspawn() {
    local own=() hierarchy
    if [ ! -d /run/systemd/system ]; then
        # Without systemd on the host: the guest gets the cgroup that its launcher is in.
        own=(--keep-unit)
        for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
            [ -f "$hierarchy/cgroup.procs" ] || continue
            mkdir -p "$hierarchy/consent-sync-boot.$$"
            echo "$BASHPID" > "$hierarchy/consent-sync-boot.$$/cgroup.procs"
        done
    fi
    exec systemd-nspawn -q -D "$work/root" -M "consent-sync-boot-$$" --register=no "${own[@]}" --private-network "$@"
}

# Why nspawn does not run here, in its own words; empty: it does. What it needs is more than why_not can look at.
why_not_nspawn() {
    local words
    words=$( (in_nspawn --pipe /bin/true) 2>&1 < /dev/null) || echo "systemd-nspawn does not run here: ${words:-no reason given}"
}

boot_machine() {
    (in_nspawn --console=read-only --bind-ro="$work/share:/mnt" /lib/systemd/systemd --system) > "$work/console" 2>&1 < /dev/null &
    nspawn=$!
    leader=
    for _ in $(seq 200); do
        leader=$(pgrep -P "$nspawn" -x systemd || true)
        [ -n "$leader" ] && inside systemctl is-system-running > "$work/state" 2>/dev/null
        grep -qE 'running|degraded' "$work/state" 2>/dev/null && return 0
        kill -0 "$nspawn" 2>/dev/null || break
        sleep 0.1
    done
    echo "the machine did not boot:"
    tail -20 "$work/console"
    return 1
}

# Runs a command in the machine, as root.
inside() { nsenter -t "$leader" -m -u -i -n -p -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root "$@"; }
# inside_as USER COMMAND…
inside_as() { local user=$1; shift; inside runuser -u "$user" -- "$@"; }

stop_machine() {
    [ -n "${nspawn:-}" ] || return 0
    inside journalctl -o short-precise > "$work/journal" 2>/dev/null || true
    kill -s SIGRTMIN+4 "$leader" 2>/dev/null || true  # systemd: power off
    for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$leader" "$nspawn" 2>/dev/null || true
    wait "$nspawn" 2>/dev/null || true
}

# Those that why_not and in_nspawn made.
remove_cgroups() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        find "$hierarchy/consent-sync-boot.$$" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}
