"""``inspector serve``: start the server and say where it is."""

from __future__ import annotations

import functools
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from inspector.cli.environment import option
from inspector.cli.loading import loading
from inspector.cli.serving.answers import apply_answers, read_answers
from inspector.cli.serving.config import use_config
from inspector.cli.serving.processors import keep_to_one_cpu
from inspector.cli.serving.pruning import prune_now_and_then
from inspector.cli.serving.secrets import read_secrets
from inspector.cli.tunnel.serving import open_tunnel, read_tunnel
from inspector.domain import check_name
from inspector.domain.proxies import TrustedProxies, check_bin_domain, check_path_prefix
from inspector.errors import InspectorError
from inspector.settings import (
    DEFAULT_PORT,
    LIMITS,
    Settings,
    check_host_name,
    check_public_url,
    check_token,
    make_token,
    parse_duration,
    parse_limits,
    parse_size,
    take_handed_socket,
)

if TYPE_CHECKING:
    import ssl

    from inspector.cli.serve_lines import RequestLines

DEFAULTS = Settings()
FILE = click.Path(dir_okay=False, path_type=Path)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def _option(flag: str, meaning: str, **how: Any) -> Callable[[Decorated], Decorated]:
    """An option whose help names its variable."""
    return option(flag, help=meaning, show_envvar=True, **how)


def _list_limits() -> str:
    return ", ".join(f"{name} {getattr(DEFAULTS, each)}" for name, (each, _) in LIMITS.items())


@click.command("serve")
@_option(
    "--config",
    "A TOML file with a key for each of these, like port = 9000; flags and variables come first.",
    type=FILE,
    is_eager=True,
    expose_value=False,
    callback=use_config,
)
@_option("--host", "The address to listen on.", default=DEFAULTS.host, show_default=True)
@_option(
    "--port",
    "The port; 0 takes a free one.",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
)
@_option(
    "--unix-socket",
    "A path to listen on instead of an address.",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
)
@_option(
    "--tls-cert",
    "Speak HTTPS with this certificate, PEM; its key may be in the same file.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)
@_option(
    "--tls-key",
    "The certificate's key, PEM, without a password.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)
@_option(
    "--drain",
    "The time to go on serving when told to stop, with /readyz at 503, like 10s.",
    metavar="DURATION",
)
@_option("--database", "An SQLAlchemy URL; a SQLite file in the data directory by default.")
@_option("--database-file", "A file with that URL, for one with a password.", type=FILE)
@_option(
    "--data-dir",
    "The folder of the embedded database.",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULTS.data_dir,
    show_default=True,
)
@_option("--bin", "Create a bin of this name when it is not there.", multiple=True, metavar="NAME")
@_option(
    "--answers",
    "A file of answer rules, JSON or TOML: for the bins of --bin, or by their names.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)
@_option(
    "--capacity",
    "The number of requests that a new bin keeps.",
    type=click.IntRange(1, 1_000_000),
    default=DEFAULTS.capacity,
    show_default=True,
)
@_option(
    "--ttl",
    "The age to which bins without one of their own keep a request, like 30d; for ever by default.",
)
@_option(
    "--max-total",
    "The size that all bins keep together, like 5GB: the oldest requests go, pinned ones stay.",
    metavar="SIZE",
)
@_option("--max-body", "The largest body that is kept whole.", default="10MB", show_default=True)
@_option(
    "--max-form-variables",
    "The number of fields of a form that are read; PHP's max_input_vars.",
    type=click.IntRange(1, 100_000),
    default=DEFAULTS.max_form_variables,
    show_default=True,
)
@_option(
    "--max-form-depth",
    "The depth to which a form may nest; PHP's max_input_nesting_level.",
    type=click.IntRange(1, 1000),
    default=DEFAULTS.max_form_depth,
    show_default=True,
)
@_option("--public-url", "The address others reach this server under.")
@_option(
    "--tunnel",
    "Get webhooks from the internet by this installed program: cloudflared, tailscale, ngrok, or "
    "a command with {port} in it that prints its public URL. Pages stay on this machine.",
    metavar="NAME|COMMAND",
)
@_option(
    "--path-prefix",
    "The path below which a proxy serves this server, like /inspector; a path of --public-url "
    "is that, too.",
    metavar="PATH",
)
@_option(
    "--bin-domain",
    "A domain below which each bin has a name of its own: hooks.example.com for "
    "NAME.hooks.example.com.",
    metavar="DOMAIN",
)
@_option(
    "--host-name",
    "A further name this server is reached by, like *.tools.svc in a cluster.",
    multiple=True,
    metavar="NAME",
)
@_option(
    "--trusted-proxy",
    "A peer whose forwarding headers are believed; unix for those of --unix-socket.",
    multiple=True,
    metavar="IP",
)
@_option(
    "--proxy-protocol",
    "Read whom a trusted proxy's PROXY protocol line names, version 1 or 2.",
    is_flag=True,
)
@_option(
    "--emit-allow",
    "A host, *.domain, address or network the emitter may send to when others can reach us.",
    multiple=True,
    metavar="HOST",
)
@_option(
    "--token",
    "The secret that opens a server others can reach; made and printed when needed and not given. "
    "Others on this machine can read a command line: better set the variable.",
)
@_option("--token-file", "A file with the token, without others' eyes on it.", type=FILE)
@_option(
    "--secret-key-file",
    "A file with the key that signs cookies; without it the key is kept in the database.",
    type=FILE,
)
@_option(
    "--limit",
    "A bound on what strangers may take up, like max-streams=100. With their defaults: "
    f"{_list_limits()}. One peer elsewhere may send max-requests-per-s, twice as many at once; "
    "what is beyond is answered 429 and not kept.",
    multiple=True,
    metavar="NAME=VALUE",
)
@_option(
    "--log-format",
    "The format of log lines.",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
@_option(
    "--log-level",
    "The lowest level that is logged.",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
)
@_option("--access-log", "Log a line for each response, too.", is_flag=True)
@_option(
    "--all-cpus",
    "Spread over all processors: captures beside open pages and exports get slower by it, as "
    "Python's threads then hand its lock to and fro.",
    is_flag=True,
)
@_option("--quiet", "Print no line for each captured request.", is_flag=True)
def command(**chosen: Any) -> None:
    """Start the server. Ctrl-C finishes what was accepted, then stops."""
    with loading():
        from inspector.server import ServerProcess  # slow to import, so not for --help
        from inspector.server.logs import set_up_logging
        from inspector.storage.database.faults import said_of_database

    set_up_logging(
        form=chosen.pop("log_format"),
        level=chosen.pop("log_level"),
        access=chosen.pop("access_log"),
    )
    # A thread that works out a large page gives way to captures sooner than after Python's 5 ms.
    sys.setswitchinterval(0.001)
    if not chosen.pop("all_cpus"):
        keep_to_one_cpu()
    answers, quiet = chosen.pop("answers"), chosen.pop("quiet")
    tunnel = read_tunnel(chosen.pop("tunnel"), chosen["public_url"])
    settings = _take_handed_socket(_make_settings(**read_secrets(chosen)))
    rules = {} if answers is None else read_answers(answers, settings.bins)
    is_made = settings.needs_token and settings.token is None
    if is_made:
        settings = replace(settings, token=make_token())
    with said_of_database():
        process = ServerProcess(settings, tls=_load_certificate(settings))
        process.start()
        apply_answers(process, rules)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop())
    with said_of_database():
        name = _greet(process, is_token_made=is_made)
    prune_now_and_then(process)
    lines = None if quiet else _print_requests(process)
    process.prepare_pages()
    with open_tunnel(process, tunnel, name):
        process.run()
    if lines is not None:
        lines.stop()


def _make_settings(**chosen: Any) -> Settings:
    try:
        limits: dict[str, Any] = parse_limits(chosen["limit"])
        TrustedProxies.parse(chosen["trusted_proxy"])
        if chosen["proxy_protocol"] and not chosen["trusted_proxy"]:
            raise click.UsageError("--proxy-protocol needs the proxy's address by --trusted-proxy.")
        return Settings(
            host=chosen["host"],
            port=chosen["port"],
            unix_socket=chosen["unix_socket"],
            tls_cert=chosen["tls_cert"],
            tls_key=chosen["tls_key"],
            drain_s=parse_duration(chosen["drain"]) if chosen["drain"] else 0.0,
            database=chosen["database"],
            data_dir=chosen["data_dir"],
            bins=tuple(check_name(name) for name in chosen["bin"]),
            capacity=chosen["capacity"],
            ttl_s=parse_duration(chosen["ttl"]) if chosen["ttl"] else None,
            max_total_bytes=_parse_total(chosen["max_total"], chosen["max_body"]),
            max_body_bytes=parse_size(chosen["max_body"]),
            max_form_variables=chosen["max_form_variables"],
            max_form_depth=chosen["max_form_depth"],
            public_url=check_public_url(chosen["public_url"]) if chosen["public_url"] else None,
            path_prefix=_check_prefix(chosen["path_prefix"], chosen["public_url"]),
            bin_domain=check_bin_domain(chosen["bin_domain"]) if chosen["bin_domain"] else "",
            host_names=tuple(check_host_name(name) for name in chosen["host_name"]),
            trusted_proxies=chosen["trusted_proxy"],
            proxy_protocol=chosen["proxy_protocol"],
            emit_allow=_check_allowed(chosen["emit_allow"]),
            token=check_token(chosen["token"]) if chosen["token"] else None,
            secret_key=chosen["secret_key"],
            **limits,
        )
    except InspectorError as error:
        raise click.UsageError(error.message) from error


def _load_certificate(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        if settings.tls_key is not None:
            raise click.UsageError("--tls-key needs its certificate by --tls-cert.")
        return None
    from inspector.server.tls import load_certificate  # seldom needed

    return load_certificate(settings.tls_cert, settings.tls_key)


def _parse_total(text: str | None, max_body: str) -> int | None:
    total = None if text is None else parse_size(text)
    if total is not None and total < parse_size(max_body):
        raise click.UsageError("--max-total is at least --max-body: one request has to fit.")
    return total


def _take_handed_socket(settings: Settings) -> Settings:
    """Listen on the socket that systemd hands over; its address decides who can reach it."""
    descriptor = take_handed_socket()
    if descriptor is None:
        return settings
    with socket.socket(fileno=os.dup(descriptor)) as handed:
        address = handed.getsockname()
    if isinstance(address, tuple):
        settings = replace(settings, host=address[0], port=address[1], unix_socket=None)
    elif isinstance(address, str) and address:
        settings = replace(settings, unix_socket=Path(address))
    return replace(settings, socket_fd=descriptor)


def _check_prefix(text: str | None, public_url: str | None) -> str:
    prefix = check_path_prefix(text or "")
    own = urlsplit(public_url or "").path.rstrip("/")
    if prefix and own and own != prefix:
        raise click.UsageError(f"--public-url is below {own}, not below the prefix {prefix}.")
    return prefix


def _check_allowed(values: tuple[str, ...]) -> tuple[str, ...]:
    """Give the values of ``--emit-allow`` back when each is one."""
    if values:
        from inspector.emitter import restrict_to  # slow to import

        restrict_to(values)
    return values


def _greet(process: Any, *, is_token_made: bool) -> str:
    """Print the address, a bin to use at once, and a line to paste; answers the bin's name."""
    settings: Settings = process.settings
    base = replace(settings, port=process.port).base_url
    public = [each.name for each in process.backend.list_bins() if not each.private]
    first: str = next(iter([*settings.bins, *public]), None) or process.backend.create_bin()
    path, curl = settings.unix_socket, "curl"
    if path is not None and settings.public_url is None:
        # No address leads there, whatever port it says.
        base, curl = (
            f"http://localhost{settings.path_prefix}",
            f"curl --unix-socket {quote(str(path))}",
        )
    click.echo(f"Inspector listens on {base if path is None else path}")
    bin_url = settings.bin_url(base, first)
    click.echo(f"  webhooks to  {bin_url}")
    click.echo(f"  read them    {base}/bins/{first}")
    click.echo(f"  kept in      {process.backend.database_name}")
    url = f'"{bin_url}"' if "[" in base else bin_url
    click.echo("Try it from another terminal:")
    click.echo(f'  {curl} {url} -d "ticket[id]=5" -d "ticket[subject]=Hello" -d custom_data=')
    if is_token_made:
        click.echo(f"Access token: {settings.token} (for this start only)")
        click.echo("INSPECTOR_TOKEN sets one that stays the same.")
    return first


def _print_requests(process: Any) -> RequestLines:
    """Print a line for each request captured from now on."""
    from inspector.cli.serve_lines import RequestLines

    backend = process.backend

    @functools.cache
    def is_private(bin_id: int) -> bool:
        return any(each.private for each in backend.list_bins() if each.id == bin_id)

    positions = {each.id: each.last_number for each in backend.list_bins()}
    lines = RequestLines(backend.load_after, positions, is_private)
    backend.news.listen(lines.hear)
    lines.start()
    return lines
