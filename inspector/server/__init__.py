"""The waitress process: the lane for captures, answers given later, start and stop."""

from inspector.server.process import ServerProcess

__all__ = ["ServerProcess"]
