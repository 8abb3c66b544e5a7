"""The Model Context Protocol's tools over standard input and output: JSON-RPC, a message a line.

Written by hand after a trial of the official SDK (mcp 2.3): it brings 28 packages, a web server
and an OpenTelemetry API among them, and takes 1.7 s of CPU to import where this command takes
0.13. A server of tools needs five methods of the protocol. Tests drive it by the SDK's client.

Source: modelcontextprotocol.io, specification 2025-11-25: lifecycle, stdio transport, tools,
cancellation. A client of a later version learns by the error that this server speaks this one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
MAX_LINE_BYTES = 4_000_000
# Calls under way at once: some wait for a request to come.
MAX_CALLS = 16

PARSE_ERROR, INVALID_REQUEST = -32700, -32600
UNKNOWN_METHOD, INVALID_PARAMS = -32601, -32602

RequestId = str | int


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The text of a tool's answer; ``is_error`` when it could not do what was asked."""

    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as the protocol has it: ``schema`` is the JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]
    annotations: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], ToolResult]


class ProtocolError(Exception):
    """A message that is answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class McpServer:
    """Answers what comes in ``input_`` until that ends; each call has a thread of its own."""

    tools: Mapping[str, OfferedTool]
    version: str
    instructions: str
    input_: IO[bytes]
    output: IO[bytes]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # The calls under way, and those of them that the client has cancelled.
    _calls: dict[RequestId, threading.Event] = field(default_factory=dict)

    def run(self) -> None:
        """Serve until the input ends, or nobody reads the output."""
        while line := self.input_.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n"):
                    line = self.input_.readline(MAX_LINE_BYTES)
                self._send_error(None, PARSE_ERROR, "This message is too large.")
            elif line.strip():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._send_error(None, PARSE_ERROR, "This is no JSON.")
            return
        given = message.get("id") if isinstance(message, dict) else None
        request_id = given if isinstance(given, str | int) and not isinstance(given, bool) else None
        try:
            self._handle(message, request_id)
        except ProtocolError as error:
            self._send_error(request_id, error.code, str(error))

    def _handle(self, message: Any, request_id: RequestId | None) -> None:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            raise ProtocolError(INVALID_REQUEST, "This is no message of JSON-RPC 2.0.")
        method, params = message.get("method"), message.get("params", {})
        if method is None and ("result" in message or "error" in message):
            return  # We ask nothing.
        if not isinstance(method, str) or not isinstance(params, dict):
            raise ProtocolError(INVALID_REQUEST, "A message has a method, and named params.")
        if "id" not in message:
            self._note(method, params)
        elif request_id is None:
            raise ProtocolError(INVALID_REQUEST, "An id is a text or a whole number.")
        elif method == "tools/call":
            self._call(request_id, params)
        else:
            self._send({"id": request_id, "result": self._answer(method, params)})

    def _answer(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "inspector", "version": self.version},
                "instructions": self.instructions,
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [_describe(tool) for tool in self.tools.values()]}
        raise ProtocolError(UNKNOWN_METHOD, f"There is no method {method[:100]!r}.")

    def _note(self, method: str, params: Mapping[str, Any]) -> None:
        cancelled = params.get("requestId")
        if method == "notifications/cancelled" and isinstance(cancelled, str | int):
            call = self._calls.get(cancelled)
            if call is not None:
                call.set()

    def _call(self, request_id: RequestId, params: Mapping[str, Any]) -> None:
        tool = self.tools.get(str(params.get("name")))
        arguments = params.get("arguments") or {}
        if tool is None:
            raise ProtocolError(
                INVALID_PARAMS, f"There is no tool {str(params.get('name'))[:100]!r}."
            )
        if not isinstance(arguments, dict):
            raise ProtocolError(INVALID_PARAMS, "The arguments of a tool are an object.")
        if request_id in self._calls:
            raise ProtocolError(INVALID_REQUEST, "There is a call of this id already.")
        if len(self._calls) >= MAX_CALLS:
            self._give(request_id, ToolResult("Too many calls are under way: wait for one.", True))
            return
        is_cancelled = self._calls[request_id] = threading.Event()

        def serve() -> None:
            try:
                result = tool.call(arguments)
            finally:
                del self._calls[request_id]
            if not is_cancelled.is_set():
                self._give(request_id, result)

        threading.Thread(target=serve, name=f"inspector-{tool.name}", daemon=True).start()

    def _give(self, request_id: RequestId, result: ToolResult) -> None:
        content = [{"type": "text", "text": result.text}]
        self._send({"id": request_id, "result": {"content": content, "isError": result.is_error}})

    def _send_error(self, request_id: RequestId | None, code: int, message: str) -> None:
        self._send({"id": request_id, "error": {"code": code, "message": message}})

    def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}).encode("ascii") + b"\n"
        with self._lock:
            self.output.write(line)
            self.output.flush()


def _describe(tool: OfferedTool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.schema,
        "annotations": tool.annotations,
    }
