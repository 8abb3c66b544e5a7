"""What applications compile when they are made, kept for all that a process makes."""

from collections.abc import Callable
from copy import copy

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Templates compiled once a process, and not by each application anew."""

    def __init__(self) -> None:
        self.codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        code = self.codes.get(bucket.key + bucket.checksum)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


def compile_once(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Have templates and routes compiled once: a route's pattern and its two functions."""
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
