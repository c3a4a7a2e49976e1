"""Credentials for registries, from where the docker command has them: a variable, config.json, and helper programs."""
