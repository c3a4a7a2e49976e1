"""Names that people try first, from the docker command, docker-py and aiodocker, each with what it is called here.

Loaded only when a name is not found. docs/migration.md is made of the same table (scripts/migration-page).
"""

from __future__ import annotations

__all__ = ["BY_GROUP", "PLACES", "meant"]

COMMAND, DOCKER_PY, AIODOCKER = "docker", "docker-py", "aiodocker"
PLACES = {COMMAND: "the docker command", DOCKER_PY: "docker-py", AIODOCKER: "aiodocker"}

BY_GROUP: dict[str, dict[str, tuple[str, str]]] = {
    "": {
        "attach": ("docker.containers.attach", COMMAND),
        "auth": ("docker.system.auth", AIODOCKER),
        "close": ("docker.aclose", DOCKER_PY),
        "commit": ("docker.containers.commit", COMMAND),
        "container": ("docker.containers", COMMAND),
        "cp": ("docker.copy_in or docker.copy_out", COMMAND),
        "create": ("docker.containers.create", COMMAND),
        "create_container": ("docker.containers.create", DOCKER_PY),
        "df": ("docker.system.data_usage", DOCKER_PY),
        "diff": ("docker.containers.changes", COMMAND),
        "events": ("docker.watch, or docker.system.events as it is", DOCKER_PY),
        "export": ("docker.containers.export", COMMAND),
        "history": ("docker.images.history", COMMAND),
        "image": ("docker.images", COMMAND),
        "info": ("docker.system.info", DOCKER_PY),
        "inspect": ("docker.containers.inspect", COMMAND),
        "inspect_container": ("docker.containers.inspect", DOCKER_PY),
        "inspect_image": ("docker.images.inspect", DOCKER_PY),
        "kill": ("docker.containers.kill", COMMAND),
        "load": ("docker.images.load", COMMAND),
        "login": ("docker.system.auth", DOCKER_PY),
        "logs": ("docker.containers.logs", COMMAND),
        "network": ("docker.networks", COMMAND),
        "node": ("docker.nodes", COMMAND),
        "pause": ("docker.containers.pause", COMMAND),
        "ping": ("docker.system.ping", DOCKER_PY),
        "plugin": ("docker.plugins", COMMAND),
        "port": ("docker.containers.inspect: network_settings.ports", COMMAND),
        "ps": ("docker.containers.list", COMMAND),
        "pull": ("docker.images.pull", COMMAND),
        "push": ("docker.images.push", COMMAND),
        "remove_container": ("docker.containers.delete", DOCKER_PY),
        "remove_image": ("docker.images.delete", DOCKER_PY),
        "rename": ("docker.containers.rename", COMMAND),
        "restart": ("docker.containers.restart", COMMAND),
        "rm": ("docker.containers.delete", COMMAND),
        "rmi": ("docker.images.delete", COMMAND),
        "save": ("docker.images.save", COMMAND),
        "search": ("docker.images.search", COMMAND),
        "secret": ("docker.secrets", COMMAND),
        "service": ("docker.services", COMMAND),
        "start": ("docker.containers.start", COMMAND),
        "stats": ("docker.containers.stats", COMMAND),
        "stop": ("docker.containers.stop", COMMAND),
        "tag": ("docker.images.tag", COMMAND),
        "top": ("docker.containers.top", COMMAND),
        "unpause": ("docker.containers.unpause", COMMAND),
        "update": ("docker.containers.update", COMMAND),
        "volume": ("docker.volumes", COMMAND),
        "wait": ("docker.containers.wait", COMMAND),
    },
    "configs": {
        "get": ("docker.configs.inspect", DOCKER_PY),
        "ls": ("docker.configs.list", COMMAND),
        "remove": ("docker.configs.delete", DOCKER_PY),
        "rm": ("docker.configs.delete", COMMAND),
    },
    "containers": {
        "container": ("docker.containers.inspect", AIODOCKER),
        "copy": ("docker.copy_in or docker.copy_out", AIODOCKER),
        "cp": ("docker.copy_in or docker.copy_out", COMMAND),
        "create_or_replace": ("docker.containers.delete, then docker.containers.create", AIODOCKER),
        "diff": ("docker.containers.changes", DOCKER_PY),
        "exec": ("docker.execute, or docker.exec as it is", COMMAND),
        "exec_create": ("docker.exec.create", DOCKER_PY),
        "exec_inspect": ("docker.exec.inspect", DOCKER_PY),
        "exec_run": ("docker.execute", DOCKER_PY),
        "exec_start": ("docker.exec.start", DOCKER_PY),
        "get": ("docker.containers.inspect", DOCKER_PY),
        "get_archive": ("docker.copy_out, or docker.containers.archive as it is", DOCKER_PY),
        "log": ("docker.containers.logs", AIODOCKER),
        "ls": ("docker.containers.list", COMMAND),
        "port": ("docker.containers.inspect: network_settings.ports", COMMAND),
        "ps": ("docker.containers.list", COMMAND),
        "reload": ("docker.containers.inspect", DOCKER_PY),
        "remove": ("docker.containers.delete", DOCKER_PY),
        "rm": ("docker.containers.delete", COMMAND),
        "run": ("docker.run", DOCKER_PY),
        "show": ("docker.containers.inspect", AIODOCKER),
        "websocket": ("docker.containers.attach_websocket", AIODOCKER),
    },
    "images": {
        "export_image": ("docker.images.save", AIODOCKER),
        "get": ("docker.images.inspect", DOCKER_PY),
        "get_registry_data": ("docker.distribution.inspect", DOCKER_PY),
        "import_image": ("docker.images.load", AIODOCKER),
        "ls": ("docker.images.list", COMMAND),
        "remove": ("docker.images.delete", DOCKER_PY),
        "rm": ("docker.images.delete", COMMAND),
    },
    "networks": {
        "get": ("docker.networks.inspect", DOCKER_PY),
        "ls": ("docker.networks.list", COMMAND),
        "remove": ("docker.networks.delete", DOCKER_PY),
        "rm": ("docker.networks.delete", COMMAND),
    },
    "nodes": {
        "get": ("docker.nodes.inspect", DOCKER_PY),
        "ls": ("docker.nodes.list", COMMAND),
        "remove": ("docker.nodes.delete", AIODOCKER),
        "rm": ("docker.nodes.delete", COMMAND),
    },
    "plugins": {
        "get": ("docker.plugins.inspect", DOCKER_PY),
        "install": ("docker.plugins.pull", DOCKER_PY),
        "ls": ("docker.plugins.list", COMMAND),
        "remove": ("docker.plugins.delete", DOCKER_PY),
        "rm": ("docker.plugins.delete", COMMAND),
    },
    "secrets": {
        "get": ("docker.secrets.inspect", DOCKER_PY),
        "ls": ("docker.secrets.list", COMMAND),
        "remove": ("docker.secrets.delete", DOCKER_PY),
        "rm": ("docker.secrets.delete", COMMAND),
    },
    "services": {
        "get": ("docker.services.inspect", DOCKER_PY),
        "ls": ("docker.services.list", COMMAND),
        "ps": ('docker.tasks.list(filters={"service": NAME})', COMMAND),
        "remove": ("docker.services.delete", DOCKER_PY),
        "rm": ("docker.services.delete", COMMAND),
        "scale": ("docker.services.update", COMMAND),
    },
    "swarm": {
        "get_unlock_key": ("docker.swarm.unlock_key", DOCKER_PY),
        "reload": ("docker.swarm.inspect", DOCKER_PY),
    },
    "system": {
        "df": ("docker.system.data_usage", COMMAND),
        "login": ("docker.system.auth", COMMAND),
        "prune": ("docker.containers.prune, networks.prune, images.prune and build.prune", COMMAND),
    },
    "volumes": {
        "get": ("docker.volumes.inspect", DOCKER_PY),
        "ls": ("docker.volumes.list", COMMAND),
        "remove": ("docker.volumes.delete", DOCKER_PY),
        "rm": ("docker.volumes.delete", COMMAND),
    },
}
"""By group, which is empty for the client, the names that are tried, what is meant, and who has the name."""


def meant(group: str, name: str) -> str:
    """What a name that there is not was meant for, as the end of a message; empty if nobody knows."""
    found = BY_GROUP.get(group, {}).get(name)
    return f"; here it is {found[0]} ({PLACES[found[1]]} has {name})" if found else ""
