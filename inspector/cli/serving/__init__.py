"""The parts of ``inspector serve``: its configuration file, secrets in files, answer rules."""
