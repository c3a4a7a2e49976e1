"""The parts of a build: the context that is sent and the steps that come back. Nothing here talks to an Engine."""
