"""The shapes of a bin's bodies by their events: an aggregate over its requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspector.domain import CapturedRequest
from inspector.reading.content import find_content
from inspector.reading.schema.shapes import OBJECT, Budget, Shape

MAX_EVENTS = 60
MAX_EVENT_CHARS = 200


@dataclass(slots=True)
class EventShape:
    """The bodies of one event: their ``count`` and their shape; ``sender`` as it came first."""

    name: str
    sender: str = ""
    count: int = 0
    shape: Shape = field(default_factory=Shape)


class BodyShapes:
    """The shapes of the requests added so far, by event; ``""`` for those without one.

    Of more than ``MAX_EVENTS`` events the others are taken for none. ``others`` counts
    requests whose body is neither a form nor JSON.
    """

    def __init__(self) -> None:
        self.events: dict[str, EventShape] = {}
        self.request_count = 0
        self.others = 0
        self._budget = Budget()

    def add(self, request: CapturedRequest) -> None:
        """Take in the next request of the bin. Never raises on what was captured."""
        self.request_count += 1
        source, value = find_content(request)
        if source is None:
            self.others += 1
            return
        name = find_event(request)
        if name not in self.events and len(self.events) >= MAX_EVENTS:
            name = ""
        sender = request.sender.name if request.sender else ""
        event = self.events.setdefault(name, EventShape(name, sender))
        event.count += 1
        event.shape.add(value, self._budget)

    def find(self, name: str) -> EventShape | None:
        """The shape of an event's bodies, None when there was none."""
        return self.events.get(name)

    def list_events(self) -> list[EventShape]:
        """All events, the most frequent first."""
        return sorted(self.events.values(), key=lambda each: (-each.count, each.name))

    def list_never(self, event: EventShape) -> list[str]:
        """The top properties that its sender sent with other events and never with this one."""
        if OBJECT not in event.shape.kinds:
            return []
        others = [each for each in self.list_events() if each.sender == event.sender]
        names = {name: None for each in others for name in list(each.shape.properties)}
        return [name for name in names if name not in event.shape.properties]


def find_event(request: CapturedRequest) -> str:
    """The event of a request as its sender names it, else the sender; ``""`` for neither."""
    sender, event = request.sender, request.summary.event
    name = (sender.event or event or sender.name) if sender else (event or "")
    return name[:MAX_EVENT_CHARS]
