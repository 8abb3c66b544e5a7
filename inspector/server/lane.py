"""The lane: captures go from the socket to the writer, and their answers back.

A request whose first path segment is no page of ours never enters Flask. Which
bins there are is asked of the database in the very statement that takes the
number, so there is no list of bins here to go stale.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from inspector.capture import (
    Capture,
    Refusal,
    WireDetails,
    WireNote,
    asks_for_page,
)
from inspector.clock import time
from inspector.domain.answers.answer import (
    DEFAULT,
    Answer,
    AnswerScript,
    describe_given,
    render_answer,
    render_parts,
)
from inspector.domain.bins import say_missing
from inspector.domain.counters import CaptureCounts
from inspector.errors import StorageUnavailableError, TooManyRequestsError
from inspector.live.deferred import TimedAnswer
from inspector.live.relays import Relays
from inspector.server.answering import RuleBook
from inspector.server.channel import Channel
from inspector.server.parser import ExactParser
from inspector.settings import MAX_TEMPLATE_WORK as MAX_WORK
from inspector.storage.outcomes import NoSuchBin, Outcome, RecordedAnswer, Stored, Unstored
from inspector.storage.records import read_capture
from inspector.storage.writer import Writer

# Statuses for the access log, as nginx has them: the sender disconnected, or got no answer.
CLOSED_BY_SENDER = 499
UNANSWERED = 444


class Lane:
    """Decides which requests are captures, and answers them when they are stored.

    ``limit(peer, forwarded_for)`` raises for a peer over its rate limit; ``max_work`` bounds
    the templates of an answer. ``scripts`` answer for bins, by id, in place of their stored
    rules; ``relays`` forwards captures.
    """

    def __init__(
        self,
        writer: Writer,
        limit: Callable[[str, str], None] | None = None,
        max_work: int = MAX_WORK,
        relays: Relays | None = None,
    ) -> None:
        self.writer = writer
        self.relays = relays
        self._limit = limit
        self.rules = RuleBook(max_work)
        self._outcomes: deque[tuple[Channel, ExactParser, Outcome | TooManyRequestsError]] = deque()
        self.scripts: dict[int, AnswerScript] = {}
        self.counts = CaptureCounts()

    def take(self, channel: Channel) -> bool:
        """Take the channel's first request when it is a capture; False leaves it to Flask."""
        request: ExactParser = channel.requests[0]
        name = _find_bin(channel, request)
        if name is None:
            return False
        if request.error is None and _asks_for_page(request):
            return False
        excess = self._find_excess(channel, request)
        if excess is not None:
            self._outcomes.append((channel, request, excess))
            channel.server.trigger.pull_trigger(self.deliver)
            return True
        request.bin_name = name
        self.rules.submit(
            make_capture(channel, request, name),
            lambda capture: self.writer.submit(
                capture, lambda outcome: self._outcomes.append((channel, request, outcome))
            ),
        )
        return True

    def note_broken_off(self, channel: Channel, request: ExactParser) -> None:
        """Capture what came of a request whose sender went away in the middle of it."""
        who = "server, short of room," if channel.will_close else "sender"
        self._note_part(channel, request, CLOSED_BY_SENDER, f"The {who} closed the connection")

    def note_unanswered(self, channel: Channel, request: ExactParser) -> None:
        """Capture a request, or its part, that came behind the connection's last answer."""
        if not request.completed:
            self._note_part(channel, request, UNANSWERED, "An earlier answer ended the connection")
        else:
            reason = "It got no answer: an earlier one ended the connection."
            self._note(channel, request, Refusal(UNANSWERED, reason))

    def _note_part(
        self, channel: Channel, request: ExactParser, status: int, what_happened: str
    ) -> None:
        refusal = Refusal(status, f"{what_happened} after {request.say_received()}.")
        request.break_off()
        self._note(channel, request, refusal)

    def _note(self, channel: Channel, request: ExactParser, refusal: Refusal) -> None:
        name = _find_bin(channel, request)
        if name is None or self._find_excess(channel, request) is not None:
            request.close()
            return
        capture = make_capture(channel, request, name, refusal)
        self.writer.submit(capture, lambda _outcome: request.close())

    def _find_excess(self, channel: Channel, request: ExactParser) -> TooManyRequestsError | None:
        """Count the request for the rate limit; the error when its sender is over it."""
        try:
            channel.check_rate(request, self._limit)
        except TooManyRequestsError as refusal:
            return refusal
        return None

    def deliver(self) -> None:
        """Answer everything whose outcome is known; runs on the main loop.

        So all sockets stay with one thread. Sending from the writer's thread costs more than it
        saves, as the interpreter lock changes hands at each send.
        """
        while self._outcomes:
            self._answer(*self._outcomes.popleft())

    def _answer(
        self, channel: Channel, request: ExactParser, outcome: Outcome | TooManyRequestsError
    ) -> None:
        if isinstance(outcome, Stored):
            if not outcome.private:
                self._count_stored(request)
            self._answer_stored(channel, request, outcome)
        elif isinstance(outcome, NoSuchBin):
            self.counts.outcomes["no_bin"] += 1
            _send(channel, request, Answer(404, body=say_missing(outcome.name).encode()))
        elif isinstance(outcome, Unstored):
            self.counts.outcomes["failed"] += 1
            _send(channel, request, _come_back(503, outcome.error))
        else:
            self.counts.outcomes["limited"] += 1
            _send(channel, request, _come_back(429, outcome))

    def _count_stored(self, request: ExactParser) -> None:
        self.counts.outcomes["stored" if request.error is None else "refused"] += 1
        self.counts.bytes += request.body_size
        self.counts.seconds.observe(max(0.0, time.time() - request.received_us / 1_000_000))

    def _answer_stored(self, channel: Channel, request: ExactParser, stored: Stored) -> None:
        channel.previous = request.bin_name, stored.number
        script = self.scripts.get(stored.bin_id)
        name = request.bin_name
        relay = stored.relay
        self.rules.learn(name, stored.answers, stored.answer_set, relay and relay.document)
        if request.error is not None:
            if script is not None:
                script.note(stored.number)
            channel.answer_error(request)
            return
        if stored.is_relayed and self._pass_on(channel, request, stored):
            if script is not None:
                script.note(stored.number)
            return
        if script is None and stored.answers is None:
            _send(channel, request, DEFAULT)
            return

        reply = _Reply(self, channel, request, stored, script)
        chosen: Answer | None
        if script is None:
            chosen = self.rules.choose(stored.answers or "", stored.rule, stored.turn)
        else:
            chosen = script.choose(stored.number, request.raw_head, reply.tell)
            script.note(stored.number)  # after the commit: a reader may change answers
        if chosen is not None:
            reply.give(chosen)

    def _pass_on(self, channel: Channel, request: ExactParser, stored: Stored) -> bool:
        """Pass a capture on; True when its sender waits for the program's answer."""
        from inspector.web.relaying import pass_on  # few bins relay

        trigger = channel.server.trigger
        return self.relays is not None and pass_on(
            self.relays,
            stored,
            make_capture(channel, request, request.bin_name),
            lambda answer: trigger.pull_trigger(lambda: _send(channel, request, answer)),
        )


class _Reply:
    """Delivery of the chosen answer to the sender of a stored capture.

    ``script`` chose it, if there is one; then no stored rule records the choice.
    """

    def __init__(
        self,
        lane: Lane,
        channel: Channel,
        request: ExactParser,
        stored: Stored,
        script: AnswerScript | None,
    ) -> None:
        self._lane = lane
        self._channel = channel
        self._request = request
        self._stored = stored
        self._script = script

    def give(self, answer: Answer) -> None:
        """Answer from the main loop: at once, or when the answer is worked out."""
        if answer.is_made_per_request:
            self._make(answer)
            return
        if self._script is not None:
            self._record(answer)
        _send(self._channel, self._request, answer)

    def tell(self, answer: Answer) -> None:
        """Answer from any other thread."""
        if answer.is_made_per_request:
            self._make(answer)
            return
        self._record(answer)
        trigger = self._channel.server.trigger
        trigger.pull_trigger(lambda: _send(self._channel, self._request, answer))

    def _make(self, answer: Answer) -> None:
        stored = self._stored
        capture = make_capture(self._channel, self._request, self._request.bin_name)
        read = partial(read_capture, capture, stored.bin_id, stored.number)
        self._lane.rules.make(answer, read, self.tell)

    def _record(self, answer: Answer) -> None:
        given = describe_given(answer, head_only=self._request.command == "HEAD")
        stored, script = self._stored, self._script
        if script is not None:
            script.note_given(stored.number, given)
        self._lane.writer.record(
            RecordedAnswer(stored.bin_id, stored.number, given, by_program=script is not None)
        )


def _send(channel: Channel, request: ExactParser, answer: Answer) -> None:
    """Answer the channel's first request, or park its response until its time."""
    head_only, http_1_0 = request.command == "HEAD", request.version == "1.0"
    if not answer.is_immediate and channel.server.parked.is_full:
        answer = _come_back(503, TooManyRequestsError("Too many answers are being waited for.", 5))
    if not answer.is_immediate:
        parts = render_parts(answer, head_only=head_only, http_1_0=http_1_0)
        channel.park(TimedAnswer(parts))
        return
    close = request.connection_close or request.error is not None
    payload = render_answer(answer, head_only=head_only, http_1_0=http_1_0, close=close)
    channel.answer(payload, close=close)


def make_capture(
    channel: Channel, request: ExactParser, bin_name: str, refusal: Refusal | None = None
) -> Capture:
    """The record of a request as waitress's parser received it."""
    if refusal is None and request.error is not None:
        refusal = Refusal(request.error.code, f"{request.error.reason}: {request.error.body}.")
    return Capture(
        bin_name=bin_name,
        received_us=request.received_us,
        raw_head=request.raw_head,
        read_body=request.read_body,
        body_size=request.body_size,
        peer=channel.find_sender(request),
        chunked=request.chunked,
        truncated=request.truncated,
        refusal=refusal,
        wire=_describe_wire(channel, request),
    )


def _find_bin(channel: Channel, request: ExactParser) -> str | None:
    """The bin that a request is for; for bytes that are no request, the one before them."""
    own = request.own_path
    if own.is_for_bin and request.has_request_line:
        return own.segment
    if channel.previous is not None and not request.begins_like_request:
        return channel.previous[0]
    return None


def _asks_for_page(request: ExactParser) -> bool:
    own = request.own_path
    return request.command == "GET" and asks_for_page(own.path, own.target)


def _describe_wire(channel: Channel, request: ExactParser) -> WireDetails:
    if channel.previous is None or request.begins_like_request:
        return request.wire
    note = WireNote(
        "begins_with_leftover",
        "It begins with bytes that seem left over from request #{1} of {0}, the one before on "
        "this connection, whose Content-Length is then too small: a length is counted in "
        "bytes, not in characters.".format(*channel.previous),
    )
    return request.wire._replace(notes=(note, *request.wire.notes))


def _come_back(status: int, error: StorageUnavailableError | TooManyRequestsError) -> Answer:
    """The 429 or 503 answer, with ``Retry-After``."""
    headers = (("Retry-After", str(error.retry_after_s)),)
    return Answer(status, headers=headers, body=f"{error.message}\n".encode())
