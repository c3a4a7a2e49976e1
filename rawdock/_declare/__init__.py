"""From a method's signature to a request: the `endpoint` decorator, and what compiles and encodes the arguments."""
