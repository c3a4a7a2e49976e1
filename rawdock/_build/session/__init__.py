"""A BuildKit session: gRPC services that this side offers, and the Engine calls, over one HTTP/2 connection.

The Engine asks it during a build for registry credentials, secrets, an SSH agent and the files of the build context,
and sends it what was built. One module for each layer: HTTP/2 (`http2`), gRPC (`grpc`), the server that answers calls
(`server`, `call`), and one for each service. Everything runs over any byte stream (`stream`).
"""
