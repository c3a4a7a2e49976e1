# Starts an engine. Runs as pid 1 of new namespaces with the machine's own tools, then changes to the engine's root.
# engine.py sets ROOT STATE IMAGES BUSYBOX CGROUP (v1 or v2) CGROUPS (to join) V1 (controllers) DAEMON (command line)
# USER_NAME (who runs a rootless engine, else empty)
set -eu

if [ "${1-}" != joined ]; then
    # Join the groups first, then create their namespace. The launcher does not join them: in version 2, a group with
    # processes of its own cannot enable controllers for its subgroups.
    for group in $CGROUPS; do echo 0 >"$group/cgroup.procs"; done
    exec unshare --cgroup sh "$0" joined
fi

"$BUSYBOX" ip link set lo up
mount --bind "$ROOT" "$ROOT"; mount --make-private "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t sysfs sysfs "$ROOT/sys"
if [ -z "$USER_NAME" ]; then
    mount --rbind /dev "$ROOT/dev"
else  # devices of its own, because the machine's may be closed to users
    mount -t tmpfs -o mode=755 dev "$ROOT/dev"; mkdir "$ROOT/dev/net" "$ROOT/dev/pts" "$ROOT/dev/shm"
    device() { mknod -m 666 "$ROOT/dev/$1" c "$2" "$3"; }
    device null 1 3; device zero 1 5; device full 1 7; device random 1 8; device urandom 1 9
    device tty 5 0; device fuse 10 229; device net/tun 10 200
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$ROOT/dev/pts"; ln -s pts/ptmx "$ROOT/dev/ptmx"
    ln -s /proc/self/fd "$ROOT/dev/fd"
fi
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"  # else all Podmans of the machine share 2,048 locks
mount --bind /tmp "$ROOT/tmp"  # so that tests can bind-mount their own files
mount -t tmpfs tmpfs "$ROOT/run"
mkdir -p "$ROOT/run/lock" "$ROOT/var/tmp"
for folder in "$STATE" "$IMAGES"; do
    case "$folder" in
        /tmp/*) ;;
        *) mkdir -p "$ROOT$folder"; mount --bind "$folder" "$ROOT$folder" ;;
    esac
done

groups="$ROOT/sys/fs/cgroup"
if [ "$CGROUP" = v2 ]; then
    mount -t cgroup2 cgroup2 "$groups"
    mkdir -p "$groups/daemon"; echo 0 >"$groups/daemon/cgroup.procs"
else
    mount -t tmpfs -o mode=755 cgroup "$groups"
    for controller in $V1; do
        mkdir "$groups/$controller"; mount -t cgroup -o "$controller" cgroup "$groups/$controller"
    done
    mkdir "$groups/systemd"; mount -t cgroup -o none,name=systemd cgroup "$groups/systemd" || true
fi

cd "$ROOT"; mkdir -p .old; pivot_root . .old; cd /
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR="$STATE/tmp"
busybox umount -l /.old; busybox mount --make-rshared /
for registry in open auth; do
    docker-registry serve "$STATE/registry-$registry.yml" >"$STATE/registry-$registry.log" 2>&1 &
done
exec >>"$STATE/engine.log" 2>&1 </dev/null
[ -n "$USER_NAME" ] || exec $DAEMON

# A change of the user clears the signal by which pid 1 ends with its launcher, so pid 1 is root's.
busybox mkdir -p "$XDG_RUNTIME_DIR"; busybox chown "$USER_NAME" "$XDG_RUNTIME_DIR"
busybox su -s /bin/sh "$USER_NAME" -c "export HOME=$STATE; exec $DAEMON" &
daemon=$!
trap 'kill $daemon' TERM
wait $daemon || wait $daemon  # the first one ends with the signal
