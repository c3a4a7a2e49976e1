"""`ContainerSpec.of` says what `docker run` says: compared with what the command sent (scripts/run_corpus)."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pages import PROJECT
from run_cases import COMMAND, FLAGS, IMAGE, REFUSED, options_of

from rawdock import InvalidArgument, SecretStr, encode
from rawdock._options.container import REFUSED as REFUSED_OPTIONS
from rawdock.models import (
    ContainerSpec,
    DeviceMapping,
    DeviceRequest,
    EndpointSettings,
    HealthConfig,
    Mount,
    PortBinding,
    RestartPolicy,
    Ulimit,
)

CORPUS = json.loads((Path(__file__).parents[2] / "support" / "run_corpus.json").read_text())
CASES: list[dict[str, Any]] = CORPUS["cases"]
SETS = {"Binds", "Env", "Ulimits"}
"""Lists whose order the command does not keep."""
NOT_NOTHING = {"HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"}
BY_NAME = {"ExposedPorts", "Volumes", "EndpointsConfig", "PortBindings", "Tmpfs", "Labels", "Config", "Options"}
"""Maps by names that are not fields: an empty value means something there."""


def _in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def normal(value: Any, *, named: bool = False) -> Any:
    """Without the zeros and nulls of fields at any depth, and with sets in order."""
    if isinstance(value, list):
        return [normal(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, one in cast("dict[str, Any]", value).items():
        short = normal(one, named=key in BY_NAME)
        if named or short not in (None, False, 0, "", [], {}):
            found[key] = sorted(short, key=_in_order) if key in SETS else short
    return found


def changed(body: dict[str, Any]) -> dict[str, Any]:
    """What a body has that the command's body without flags has not; a zero that replaces another value stays."""
    plain = CORPUS["plain"]
    found: dict[str, Any] = {}
    for key, value in body.items():
        inner = key == "HostConfig"
        for name, one in (value if inner else {key: value}).items():
            before = plain["HostConfig"].get(name) if inner else plain.get(name)
            if normal(one) == normal(before) and type(one) is type(before):
                continue
            short = normal(one, named=name in BY_NAME)
            found[f"{key}.{name}" if inner else name] = sorted(short, key=_in_order) if name in SETS else short
    # Empty for a field is what the command sends for nothing. Of masked paths it sends null for nothing.
    return {key: value for key, value in found.items() if key in NOT_NOTHING or value not in ("", [], {})}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("RAWDOCK_GIVEN", "from here")
    monkeypatch.delenv("RAWDOCK_NOT_GIVEN", raising=False)
    return here


@pytest.mark.parametrize("case", CASES, ids=[" ".join(case["flags"]) or "none" for case in CASES])
def test_the_body_is_that_of_the_command(case: dict[str, Any], place: Path) -> None:
    spec = ContainerSpec.of(IMAGE, COMMAND, **options_of(case["flags"]))
    text = json.dumps(encode(spec)).replace(str(place), "/here").replace(str(place.parent), "")
    assert changed(json.loads(text)) == changed(case["body"])


def test_the_version_of_the_command_is_known() -> None:
    assert CORPUS["made_with"] == {"docker": "28.5.2"}
    assert "28.5.2" in (ContainerSpec.of.__doc__ or "")


def test_each_flag_is_an_option_or_refused() -> None:
    assert sorted(CORPUS["flags"]) == sorted(FLAGS.keys() | REFUSED.keys())
    assert not FLAGS.keys() & REFUSED.keys()
    assert all(REFUSED.values())
    assert {flag.removeprefix("--").replace("-", "_") for flag in REFUSED} - {"help"} <= REFUSED_OPTIONS.keys()


def test_each_flag_has_two_forms() -> None:
    seen = Counter(word.partition("=")[0] for case in CASES for word in set(case["flags"]) if word.startswith("--"))
    assert {flag for flag in FLAGS if seen[flag] < 2} == set()
    assert not [case for case in CASES if "error" in case]


def test_each_option_is_that_of_a_flag() -> None:
    parameters = inspect.signature(ContainerSpec.of).parameters
    options = {name for name, one in parameters.items() if one.kind is inspect.Parameter.KEYWORD_ONLY}
    health = {"cmd", "interval", "retries", "start_interval", "start_period", "timeout"}
    assert options == {option for option, _ in FLAGS.values()} - health
    renamed = {"ports", "working_dir", "healthcheck"}
    for flag, (option, form) in FLAGS.items():
        if option not in renamed and not form.startswith("health"):
            assert option.rstrip("s") == flag.removeprefix("--").replace("-", "_").rstrip("s")


def of(**options: Any) -> ContainerSpec:
    return ContainerSpec.of("busybox:1", ["true"], **options)


ALIKE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"env": {"A": "1", "B": ""}}, {"env": ["A=1", "B="]}),
    ({"env": {"A": SecretStr("x")}}, {"env": ["A=x"]}),
    ({"labels": {"a": "", "b": "x"}}, {"labels": ["a", "b=x"]}),
    ({"ports": {"80/tcp": 8080}}, {"ports": ["8080:80"]}),
    ({"ports": {80: 8080, "53/udp": "53"}}, {"ports": ["8080:80", "53:53/udp"]}),
    ({"ports": {80: ("127.0.0.1", 8080)}}, {"ports": ["127.0.0.1:8080:80"]}),
    ({"ports": {80: "127.0.0.1:8080"}}, {"ports": ["127.0.0.1:8080:80"]}),
    ({"ports": {80: ("::1", None)}}, {"ports": ["[::1]::80"]}),
    ({"ports": {80: None}}, {"ports": ["80"]}),
    ({"ports": {80: None}}, {"ports": [80]}),
    ({"ports": {80: [8080, ("127.0.0.1", 8081)]}}, {"ports": ["8080:80", "127.0.0.1:8081:80"]}),
    ({"ports": {"80-82": "8000-8002"}}, {"ports": ["8000-8002:80-82"]}),
    ({"ports": {80: "8000-8010"}}, {"ports": ["8000-8010:80"]}),
    ({"expose": [80, 53]}, {"expose": ["80", "53/tcp"]}),
    ({"memory": 64 << 20}, {"memory": "64m"}),
    ({"cpus": 1.5}, {"cpus": "1.5"}),
    ({"cpus": 0.1}, {"cpus": "0.1"}),
    ({"cpus": 2}, {"cpus": "2"}),
    ({"memory": "64m", "memory_swap": -1}, {"memory": "64m", "memory_swap": "-1"}),
    ({"restart": RestartPolicy(name="on-failure", maximum_retry_count=3)}, {"restart": "on-failure:3"}),
    ({"gpus": -1}, {"gpus": "all"}),
    ({"gpus": 2}, {"gpus": "2"}),
    ({"gpus": {"device": ["0", "1"]}}, {"gpus": '"device=0,1"'}),
    ({"gpus": DeviceRequest(count=-1, capabilities=[["gpu"]])}, {"gpus": "all"}),
    ({"ulimits": {"nofile": (1024, 2048), "core": 0}}, {"ulimits": ["nofile=1024:2048", "core=0"]}),
    ({"ulimits": [Ulimit(name="core", soft=0, hard=0)]}, {"ulimits": ["core=0"]}),
    ({"tmpfs": {"/run": "size=64m", "/tmp": ""}}, {"tmpfs": ["/run:size=64m", "/tmp"]}),
    ({"devices": [DeviceMapping(path_on_host="/dev/fuse", path_in_container="/dev/fuse", cgroup_permissions="rwm")]},
     {"devices": ["/dev/fuse"]}),
    ({"device_read_bps": {"/dev/sda": 1 << 20}}, {"device_read_bps": ["/dev/sda:1mb"]}),
    ({"device_read_iops": {"/dev/sda": 10}}, {"device_read_iops": ["/dev/sda:10"]}),
    ({"blkio_weight_device": {"/dev/sda": 10}}, {"blkio_weight_device": ["/dev/sda:10"]}),
    ({"mounts": [{"type": "bind", "source": "/a", "target": "/b", "read_only": True}]},
     {"mounts": ["type=bind,src=/a,dst=/b,ro"]}),
    ({"mounts": [Mount(type="tmpfs", target="/c")]}, {"mounts": ["type=tmpfs,dst=/c"]}),
    ({"volumes": [Mount(type="tmpfs", target="/c")]}, {"mounts": ["type=tmpfs,dst=/c"]}),
    ({"mounts": [{"type": "tmpfs", "target": "/c", "tmpfs_mode": 0o1770, "tmpfs_size": "1m"}]},
     {"mounts": ["type=tmpfs,dst=/c,tmpfs-mode=1770,tmpfs-size=1m"]}),
    ({"network": "net"}, {"network": ["net"]}),
    ({"network": {"net": {"alias": ["web"], "ip": "10.0.0.2"}}}, {"network": "name=net,alias=web,ip=10.0.0.2"}),
    ({"network": {"net": None}}, {"network": "net"}),
    ({"network": {"net": EndpointSettings(aliases=["web"])}}, {"network": "net", "network_alias": ["web"]}),
    ({"network": [{"name": "net", "mac_address": "92:d0:c6:0a:29:33"}]},
     {"network": "net", "mac_address": "92:d0:c6:0a:29:33"}),
    ({"add_host": {"db": "10.0.0.2"}}, {"add_host": ["db:10.0.0.2"]}),
    ({"healthcheck": "true"}, {"healthcheck": {"cmd": "true"}}),
    ({"healthcheck": {"test": ["CMD-SHELL", "true"], "interval": 90}},
     {"healthcheck": {"cmd": "true", "interval": "1m30s"}}),
    ({"healthcheck": {"interval": timedelta(seconds=90), "retries": 2}},
     {"healthcheck": HealthConfig(interval=90 * 10**9, retries=2)}),
    ({"healthcheck": ["curl", "-f", "x"]}, {"healthcheck": HealthConfig(test=["CMD", "curl", "-f", "x"])}),
    ({"healthcheck": False}, {"healthcheck": HealthConfig(test=["NONE"])}),
    ({"entrypoint": ["sh"]}, {"entrypoint": "sh"}),
    ({"security_opt": ['seccomp={ "defaultAction": "SCMP_ACT_ALLOW" }']},
     {"security_opt": ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']}),
    ({"env": {}, "labels": {}, "ports": {}, "volumes": [], "tmpfs": {}, "cap_drop": [], "ulimits": []}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE, ids=[repr(one)[:60] for one, _ in ALIKE])
def test_forms_of_python_and_of_the_command(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert encode(of(**one)) == encode(of(**other))


def test_what_is_published_is_exposed() -> None:
    spec = of(ports={80: 8080}, expose=[90])
    assert spec.exposed_ports == {"80/tcp": {}, "90/tcp": {}}
    assert spec.host_config.port_bindings == {"80/tcp": [PortBinding(host_port="8080")]}


def test_a_simple_spec_is_the_raw_one() -> None:
    assert ContainerSpec.of("busybox:1") == ContainerSpec(image="busybox:1")
    assert ContainerSpec.of("busybox:1", ("echo", "a")) == ContainerSpec(image="busybox:1", cmd=["echo", "a"])


def test_a_subclass_makes_its_own_kind() -> None:
    class Mine(ContainerSpec):
        pass

    assert type(Mine.of("busybox:1")) is Mine


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"env": "A=1"}, r'^env: expected \{"NAME": "value"\} or \["NAME=value"\], got str$'),
    ({"env": {"A": None}}, '^env: .*\'A\' is None; write "" for an empty text, or leave it out$'),
    ({"env": {"A": 1}}, "^env: 'A': expected text, got int; write it in quotes"),
    ({"env": {"A": True}}, "^env: 'A': expected text, got bool; write it in quotes"),
    ({"env": ["=x"]}, "^env: .*an item has no"),
    ({"env": [1]}, "^env: .*got int in the list"),
    ({"labels": {"a": 1}}, "^labels: 'a': expected text, got int"),
    ({"ports": {80: True}}, "^ports: .*got True"),
    ({"ports": {80: 8080.0}}, "^ports: .*got 8080.0"),
    ({"ports": {None: 80}}, "^ports: None is not a port"),
    ({"ports": {80: 70000}}, "^ports: 70000: '70000' is not a port"),
    ({"ports": {"80/quic": 80}}, "^ports: '80/quic': the protocol is not one of tcp, udp, sctp"),
    ({"ports": {80: ("localhost", 8080)}}, "^ports: .*'localhost' is not an IP address"),
    ({"ports": {80: (8080, "127.0.0.1")}}, "^ports: expected .address, port."),
    ({"ports": {0: 80}}, "^ports: 0: a container has no port 0"),
    ({"ports": {80: 8080, 81: 8080}}, "^ports: 80/tcp and 81/tcp cannot both have port 8080 of the host"),
    ({"ports": ["8080:80", "127.0.0.1:8080:81"]}, "^ports: .*cannot both have port 8080"),
    ({"ports": ["8000-8001:80-82"]}, "^ports: 8000-8001 and 80-82 are not ranges of the same length"),
    ({"ports": "8080:80"}, "^ports: expected .*got '8080:80'"),
    ({"ports": [None]}, "^ports: .*got None in the list"),
    ({"ports": {80: []}}, "^ports: a list of host ports is empty; write None"),
    ({"memory": "4m"}, "^memory: '4m' is less than 6 MiB"),
    ({"memory": 1}, "^memory: 1 is less than 6 MiB"),
    ({"memory": "lots"}, "^memory: expected bytes or a size like \"64m\""),
    ({"memory": None}, "^memory: is None; leave the option out"),
    ({"memory": True}, "^memory: expected"),
    ({"memory": 1.5}, "^memory: expected"),
    ({"memory": ""}, "^memory: expected"),
    ({"memory": -5}, "^memory: expected"),
    ({"memory_swap": "64m"}, "^memory_swap: needs memory too"),
    ({"memory": "64m", "memory_swap": "32m"}, "^memory_swap: is less than memory"),
    ({"memory": "64m", "memory_reservation": "65m"}, "^memory_reservation: is more than memory"),
    ({"cpus": "many"}, "^cpus: expected a number of processors"),
    ({"cpus": True}, "^cpus: expected"),
    ({"cpus": float("nan")}, "^cpus: expected"),
    ({"cpus": 1, "cpu_quota": 1000}, "^cpus: cannot be set together with"),
    ({"user": 1000}, '^user: expected text, got 1000; write "1000"'),
    ({"user": ""}, "^user: is empty; leave it out"),
    ({"user": " "}, "^user: is blank; leave it out"),
    ({"user": "a\0b"}, "^user: a text has a zero byte in it"),
    ({"env": ["A=half\ud800"]}, "^env: a text has half a character in it.*replace it"),
    ({"labels": {"half\udcff": "a"}}, "^labels: a text has half a character"),
    ({"mounts": [{"type": "bind", "source": "/\udcff", "target": "/a"}]}, "^mounts: a text has half a character"),
    ({"network": {"web": ["a"]}}, r"^network: 'web': expected a dict like \{\"aliases\""),
    ({"network": {"web": 5}}, r"^network: web: expected a dict like \{\"aliases\""),
    ({"entrypoint": ["sh", 5]}, r"^entrypoint: expected a list of texts"),
    ({"entrypoint": ["", "a"]}, r"^entrypoint: the program is empty"),
    ({"user": None}, "^user: is None"),
    ({"working_dir": "work"}, "^working_dir: 'work' is not an absolute path"),
    ({"restart": False}, '^restart: .*got False; in YAML write "no" in quotes'),
    ({"restart": "always:3"}, "^restart: expected"),
    ({"restart": "sometimes"}, "^restart: expected"),
    ({"rm": True, "restart": "always"}, "^rm: cannot be set together with restart"),
    ({"rm": "yes"}, "^rm: expected True or False, got 'yes'"),
    ({"read_only": 1}, "^read_only: expected True or False, got 1"),
    ({"cap_drop": "ALL"}, r"^cap_drop: expected a list like .*got 'ALL'"),
    ({"cap_drop": [None]}, "^cap_drop: expected text, got None"),
    ({"volumes": {"/a": "/b"}}, r'^volumes: expected a list like \["data:/data"'),
    ({"volumes": ["/a:"]}, "^volumes: '/a:' is not \"source:/target\""),
    ({"volumes": [":/b"]}, "^volumes: "),
    ({"volumes": ["/a:b"]}, "^volumes: .*'b' is not an absolute path of the container"),
    ({"volumes": ["data"]}, "^volumes: 'data': 'data' is not an absolute path"),
    ({"volumes": ["/a:/"]}, "^volumes: .*the root folder of a container cannot be replaced"),
    ({"volumes": ["~/a:/b"]}, "^volumes: .*no shell replaces the ~"),
    ({"volumes": [8080]}, "^volumes: .*got 8080 in it"),
    ({"volumes": [Mount(type="bind", source="/a")]}, "^volumes: .*has no target; give the path"),
    ({"volumes": ["/a:/x", "/b:/x/"]}, "^volumes: two mounts have the target '/x/'"),
    ({"volumes": ["/a:/x"], "tmpfs": ["/x"]}, "^tmpfs and volumes: two mounts have the target"),
    ({"mounts": ["type=bind,src=/a"]}, "^mounts: .*has no target"),
    ({"mounts": ["type=bind,dst=/a"]}, "^mounts: a bind to /a has no source"),
    ({"mounts": ["type=bind,src=/a,dst=/b,colour=red"]}, "^mounts: 'colour' in .*is not one of"),
    ({"mounts": ["type=tmpfs,dst=/b,volume-nocopy"]}, "^mounts: .*volume-. options are for mounts of type volume"),
    ({"mounts": [{"target": None}]}, "^mounts: a value is None; leave it out"),
    ({"tmpfs": {"/run": None}}, "^tmpfs: expected"),
    ({"tmpfs": ["run"]}, "^tmpfs: .*not an absolute path"),
    ({"network": []}, "^network: is empty"),
    ({"network": 5}, "^network: expected"),
    ({"network": ["host", "web"]}, "^network: 'host' cannot be joined together"),
    ({"network": ["web", "web"]}, "^network: 'web' is given twice"),
    ({"network": "name=web,ip=10.0.0.2", "ip": "10.0.0.3"}, "^network: web has ip, and there is an option for it"),
    ({"network": {"web": {"ip": "10.0.0.300"}}}, "^network: web: ip: .*is not an IPv4 address"),
    ({"network_alias": ["web"]}, "^network_alias: only a network that was created has aliases.* name one in network"),
    ({"ip": "db"}, "^ip: 'db' is not an IPv4 address"),
    ({"mac_address": "no"}, "^mac_address: 'no' is not a MAC address"),
    ({"add_host": ["db"]}, "^add_host: expected"),
    ({"add_host": {"db": None}}, "^add_host: expected"),
    ({"dns": ["localhost"]}, "^dns: 'localhost' is not an IP address"),
    ({"gpus": "some"}, "^gpus: count: expected a whole number"),
    ({"gpus": True}, "^gpus: expected"),
    ({"gpus": "device=0,1"}, "^gpus: count and device exclude each other"),
    ({"ulimits": ["files=1"]}, "^ulimits: 'files' is not one of core"),
    ({"ulimits": {"nofile": (2, 1)}}, "^ulimits: nofile: the soft limit 2 is above the hard limit 1"),
    ({"ulimits": {"nofile": None}}, "^ulimits: nofile: expected"),
    ({"devices": ["fuse"]}, "^devices: 'fuse' is not like"),
    ({"devices": ["/dev/tty*"]}, "^devices: .*name each device"),
    ({"device_cgroup_rule": ["all"]}, "^device_cgroup_rule: 'all' is not a rule"),
    ({"device_read_bps": ["sda:1mb"]}, "^device_read_bps: 'sda' is not a device"),
    ({"blkio_weight": 5}, "^blkio_weight: expected 0, or from 10 to 1000, got 5"),
    ({"healthcheck": True}, "^healthcheck: expected a command"),
    ({"healthcheck": {}}, "^healthcheck: expected a command"),
    ({"healthcheck": {"interval": "30"}}, "^healthcheck: interval: expected seconds or a time like"),
    ({"healthcheck": {"interval": -1}}, "^healthcheck: interval: expected a time that is not negative"),
    ({"healthcheck": {"interval": "1us"}}, "^healthcheck: interval: '1us' is less than a millisecond"),
    ({"healthcheck": {"every": 1}}, "^healthcheck: 'every' in .* is not one of cmd"),
    ({"healthcheck": {"retries": "3"}}, "^healthcheck: retries: expected a whole number of at least 0, got '3'"),
    ({"shm_size": "1 gigabyte"}, "^shm_size: expected"),
    ({"stop_timeout": "10"}, "^stop_timeout: expected a whole number of at least -1, got '10'"),
    ({"pids_limit": 1.0}, "^pids_limit: expected a whole number"),
    ({"oom_score_adj": 2000}, "^oom_score_adj: expected a whole number from -1000 to 1000"),
    ({"log_driver": "none", "log_opt": {"a": "1"}}, "^log_opt: the log_driver .none. has no options"),
    ({"security_opt": ["seccomp=/etc/profile.json"]}, "^security_opt: no file is read here: .*read_text"),
    ({"security_opt": ["privileged"]}, "^security_opt: 'privileged' is not like"),
    ({"cgroupns": "own"}, "^cgroupns: 'own' is not one of host, private"),
    ({"pid": "container:"}, "^pid: 'container:' is not one of host, container:NAME"),
    ({"attach": ["output"]}, "^attach: expected one of"),
    ({"entrypoint": 5}, "^entrypoint: expected"),
    ({"name": "web"}, "^name is no option of a container: it belongs to the call: docker.run"),
    ({"env_file": ".env"}, "^env_file is no option of a container: no file is read here"),
    ({"workdir": "/"}, "^workdir is no option of docker run; it is called working_dir here"),
    ({"colour": "red"}, "^colour is no option of docker run$"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), WRONG, ids=[repr(options)[:60] for options, _ in WRONG])
def test_a_wrong_form_is_an_error_with_the_cure(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        of(**options)


def test_a_command_that_is_text() -> None:
    with pytest.raises(InvalidArgument, match=r'^cmd: .*for a shell write \["sh", "-c", \'echo a\'\]'):
        ContainerSpec.of("busybox:1", "echo a")
    with pytest.raises(InvalidArgument, match=r"^cmd: expected a list of texts, got 5 in it"):
        ContainerSpec.of("busybox:1", cast("Any", ["sleep", 5]))
    for image in ("", None, 5):
        with pytest.raises(InvalidArgument, match=r"^image: expected the name or the id"):
            ContainerSpec.of(cast("Any", image))


OPTIONS = sorted({option for option, form in FLAGS.values() if not form.startswith("health")})
HOSTILE: list[Any] = [
    *(None, True, 5, -(10**30), 10**5000, 1.5, float("nan"), b"x", "", "\0", "a\r\nb", "half\ud800", object()),
    *([None], [True], [[]], [{}], [""], ["x"], [object()], {"": ""}, {"a": None}, {5: 5}, {"a": {"a": "a"}}),
]


@pytest.mark.parametrize("option", OPTIONS)
def test_anything_is_read_or_refused_by_name(option: str) -> None:
    for value in HOSTILE:
        message = ""
        try:
            json.dumps(encode(of(**{option: value})))
        except InvalidArgument as error:
            message = str(error)
        assert not message or message.startswith(option), message
        assert not message or message.isprintable()


def test_values_of_the_environment_are_not_in_messages() -> None:
    for env in ({"PASSWORD": 12345678}, ["=12345678"], [12345678], {"a=b": "12345678"}):
        with pytest.raises(InvalidArgument) as caught:
            of(env=env)
        assert "12345678" not in str(caught.value)


def test_the_page_has_each_option_and_each_refused_flag() -> None:
    page = (PROJECT / "docs" / "container-options.md").read_text()
    assert all(f"| `{flag}` | {reason} |" in page for flag, reason in REFUSED.items())
    assert all(f"`{option}`" in page for option in OPTIONS)
    assert f"its {len(CORPUS['flags'])} flags" in page
