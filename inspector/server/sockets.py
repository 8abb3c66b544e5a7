"""The socket to listen on: an address, a path, or one that systemd hands over."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from pathlib import Path

from inspector.domain.proxies import UNIX_PEER
from inspector.errors import InspectorError
from inspector.settings import Settings


def open_listener(settings: Settings) -> socket.socket:
    """A bound socket. Raises ``InspectorError`` ``port_unusable`` where there is none to be had."""
    if settings.socket_fd is not None:
        return _take_over(settings.socket_fd)
    if settings.unix_socket is not None:
        return _bind_path(settings.unix_socket)
    try:
        return _bind_address(settings.host, settings.port)
    except OSError as error:
        raise _tell_unusable(settings, error) from error


def name_peer(family: int, address: object) -> tuple[str, int]:
    """The other end of a connection: address and port, IPv4 as such where IPv6 carries it."""
    if family == getattr(socket, "AF_UNIX", None) or not isinstance(address, tuple):
        return UNIX_PEER, 0
    return str(address[0]).removeprefix("::ffff:"), int(address[1])


def remove_path(settings: Settings) -> None:
    """Take the path away that ``open_listener`` made."""
    if settings.unix_socket is not None and settings.socket_fd is None:
        with contextlib.suppress(OSError):
            settings.unix_socket.unlink()


def _bind_address(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # The IPv4 address of a name, as in earlier versions.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        share_port(listener)
        if family == socket.AF_INET6:
            # "::" is every address of this machine, those of IPv4 too, whatever the system's way.
            only = 0 if host == "::" and socket.has_dualstack_ipv6() else 1
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def share_port(listener: socket.socket) -> None:
    """Set ``SO_REUSEADDR``: a port that was just closed is free, one in use is not.

    On Windows the option of that name would share a port with whoever has it.
    """
    if sys.platform == "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _bind_path(path: Path) -> socket.socket:
    """A socket at this path for its owner and group; one that nobody listens on is replaced."""
    if not hasattr(socket, "AF_UNIX"):
        raise InspectorError("port_unusable", "This system has no Unix sockets.")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear_path(path)
        listener.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise InspectorError(
            "port_unusable", f"The socket {path} cannot be used: {why}. Choose another path."
        ) from error
    return listener


def _clear_path(path: Path) -> None:
    """Remove what an ended server has left; raises ``OSError`` where one still listens."""
    try:
        is_socket = stat.S_ISSOCK(path.stat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise OSError(errno.EEXIST, "There is a file of this name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _take_over(descriptor: int) -> socket.socket:
    try:
        listener = socket.socket(fileno=descriptor)
        if listener.type != socket.SOCK_STREAM:
            raise OSError(errno.EPROTOTYPE, "it is no stream")
    except OSError as error:
        raise InspectorError(
            "port_unusable", f"The socket that was handed over cannot be used: {error.strerror}."
        ) from error
    return listener


def _tell_unusable(settings: Settings, error: OSError) -> InspectorError:
    """The error for an address that cannot be listened on."""
    why, flag = error.strerror, "--port"
    if isinstance(error, socket.gaierror):
        why, flag = "no such host", "--host"
    elif error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        flag = "--host"
    return InspectorError(
        "port_unusable",
        f"Port {settings.port} on {settings.host} cannot be used: {why}. "
        f"Choose another with {flag}.",
    )
