"""Methods of `Docker` that take more than one API call: run, execute, build, copy, watch, wait.

Each is a function whose first parameter is the client, of which it uses public operations only. `Docker` has each as a
method and loads its module on first use, so that importing rawdock stays light.
"""
