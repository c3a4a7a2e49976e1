"""The HTTP/1.1 transport: wire (pure), connections for asyncio, trio and any byte stream, and a pool of them."""
