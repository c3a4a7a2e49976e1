#!/usr/bin/env bash
# h2 4.4.1: a receiver that allows 16 MiB of headers still refuses them beyond 64 CONTINUATION frames.
#
# Guess beforehand: what a peer may send of headers is what MAX_HEADER_LIST_SIZE announces.
# Seen: the number of CONTINUATION frames is limited to 64 by a constant of the module, whatever is announced and
# whatever the decoder allows. With the usual frames of 16 KiB that is about 1 MiB on the wire. Values of 600,000 bytes
# arrive, and of 1,200,000 are "Too many continuation frames received". BuildKit sends the rules of a .dockerignore as headers, one for each
# rule, so that a long list of rules meets this limit; joining the frames before h2 sees them is the way round.
#
# Fails if this has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0

cat >"$folder/headers.py" <<'PYTHON'
import importlib.metadata

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

MIB = 1 << 20


def received(size: int) -> str:
    server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    server.local_settings[SettingCodes.MAX_HEADER_LIST_SIZE] = 16 * MIB
    server.decoder.max_header_list_size = 16 * MIB
    server.initiate_connection()
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    server.receive_data(client.data_to_send())
    client.receive_data(server.data_to_send())
    server.receive_data(client.data_to_send())
    fields = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", "/")]
    # hpack's code makes these longer, not shorter.
    fields += [("x", f"{number:06}" + "~" * 994) for number in range(size // 1000)]
    client.send_headers(1, fields)
    try:
        events = server.receive_data(client.data_to_send())
    except ProtocolError as error:
        return f"{type(error).__name__}: {error}"
    (request,) = [event for event in events if isinstance(event, RequestReceived)]
    return f"{sum(len(value) for _, value in request.headers if len(value) == 1000)} bytes"


print("h2", importlib.metadata.version("h2"))
small, large = received(600_000), received(1_200_000)
print("600,000:", small)
print("1,200,000:", large)
assert small == "600000 bytes", small
assert large == "ProtocolError: Too many continuation frames received.", large
PYTHON
"$folder/venv/bin/python" "$folder/headers.py"
