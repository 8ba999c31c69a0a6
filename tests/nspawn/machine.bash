# A separate Debian 12, booted with systemd-nspawn. Sourced by tests/boot, which sets: work (folder of this run).

cache=${XDG_CACHE_HOME:-$HOME/.cache}/consent-sync

# Prints why nspawn is impossible here; nothing if it is possible.
why_not() {
    [ "$(id -u)" = 0 ] || { echo "needs root"; return; }
    [ "$(uname -m)" = x86_64 ] || { echo "supports only amd64"; return; }
    if [ ! -d /run/systemd/system ] && ! mkdir -p "/sys/fs/cgroup/systemd/consent-sync-boot.$$" 2>/dev/null; then
        echo "cannot create control groups"
        return
    fi
    unshare --mount --pid --uts --ipc --net --fork true 2>/dev/null || echo "cannot create namespaces"
}

# make_root PACKAGE…: makes $work/root, from the cache if it has one with the same packages.
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
    # The machine has only a loopback interface, so it never gets online.
    ln -sf /dev/null "$work/root/etc/systemd/system/systemd-networkd-wait-online.service"
}

# in_nspawn OPTIONS AND COMMAND…: replaces the calling shell.
in_nspawn() {
    local own=() hierarchy
    if [ ! -d /run/systemd/system ]; then
        # Without systemd on the host the guest uses the cgroup of its launcher.
        own=(--keep-unit)
        for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
            [ -f "$hierarchy/cgroup.procs" ] || continue
            mkdir -p "$hierarchy/consent-sync-boot.$$"
            echo "$BASHPID" > "$hierarchy/consent-sync-boot.$$/cgroup.procs"
        done
    fi
    exec systemd-nspawn -q -D "$work/root" -M "consent-sync-boot-$$" --register=no "${own[@]}" --private-network "$@"
}

# Prints nspawn's own message if it does not run here; nothing if it runs. why_not cannot check everything that nspawn needs.
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

# Removes the cgroups that why_not and in_nspawn created.
remove_cgroups() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        find "$hierarchy/consent-sync-boot.$$" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}
