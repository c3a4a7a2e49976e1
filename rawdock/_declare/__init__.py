"""Endpoints: the `endpoint` decorator, and how it turns a method's signature and arguments into a request."""
