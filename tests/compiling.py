"""What applications compile when they are made, kept for all that a process makes."""

from collections.abc import Callable
from copy import copy
from types import CodeType
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from inspector.storage.database import engine, urls


class CompiledTemplates(BytecodeCache):
    """Templates compiled once a process, and not by each application anew."""

    def __init__(self) -> None:
        self.codes: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get(bucket.key + bucket.checksum)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key + bucket.checksum] = bucket.code


def compile_once(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Have templates, routes and SQLite's statements compiled once in this process.

    Of a route that is its pattern and its two functions.
    """
    compile_rule = Rule.compile
    known: dict[object, Rule] = {}

    def compile_or_copy(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, repr(rule.defaults), rule.merge_slashes)
        if key not in known:
            compile_rule(rule)
            known[key] = rule
        for name in ("_parts", "_trace", "_converters", "arguments"):
            setattr(rule, name, copy(getattr(known[key], name)))
        for name in ("_build", "_build_unknown"):
            setattr(rule, name, getattr(known[key], name).__func__.__get__(rule))

    replace(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
    replace(Rule, "compile", compile_or_copy)
    _share_statements(replace)


def _share_statements(replace: Callable[[object, str, object], None]) -> None:
    """One cache of compiled statements for all engines of SQLite, whose dialects are alike."""
    statements: LRUCache[Any, Any] = LRUCache(2_000)
    engine_options = urls.engine_options

    def share(url: URL) -> dict[str, Any]:
        options = engine_options(url)
        if url.get_backend_name() != "sqlite":
            return options
        return options | {"execution_options": {"compiled_cache": statements}}

    def is_alike(dialect: object, other: object) -> bool:
        return type(dialect) is type(other)

    replace(engine, "engine_options", share)
    replace(SQLiteDialect_pysqlite, "__eq__", is_alike)
    replace(SQLiteDialect_pysqlite, "__hash__", lambda dialect: id(type(dialect)))
