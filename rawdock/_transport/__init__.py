"""The HTTP/1.1 transport: the parser, connections for asyncio, trio and byte streams, and a pool of connections."""
