# Starts an engine. Runs as pid 1 of new namespaces with the machine's own tools, then changes to the engine's root.
# engine.py sets ROOT STATE IMAGES BUSYBOX CGROUP (v1 or v2) CGROUPS (to join) V1 (controllers) DAEMON (command line)
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
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/dev/shm"  # else all Podmans of the machine share the 2,048 locks of one of them
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
exec $DAEMON
