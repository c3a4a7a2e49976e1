"""What takes more than one call of the API, each in a module of its own.

A helper is a function of a client, which it asks for public operations and nothing below them. `Docker` has each as a
method, whose module is loaded when it is first asked for, so that importing the client stays light.
"""
