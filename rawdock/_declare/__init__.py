"""Endpoints: the `endpoint` decorator, and how it makes a request of a method's signature and arguments."""
