"""Records of finished deliveries for the log: a sender's result as the domain's ``Delivery``."""

from __future__ import annotations

from inspector.domain.credentials import Definition
from inspector.domain.deliveries import AnswerRecord, Delivery, DeliveryLine, ExchangeRecord
from inspector.emitter.http_client.responses import ReceivedAnswer
from inspector.emitter.sending import Attempt, DeliveryResult


def make_delivery(
    result: DeliveryResult,
    *,
    name: str,
    source: str,
    definition: Definition | None = None,
    ticket: Definition | None = None,
    replay_of: str | None = None,
    run: str | None = None,
) -> Delivery:
    """The record, without an id: that is given when it is kept."""
    request = result.attempts[0].exchanges[0].request
    answer, failure = result.answer, result.failure
    exchanges = tuple(each for attempt in result.attempts for each in _exchanges(attempt))
    return Delivery(
        line=DeliveryLine(
            id=0,
            started_at=result.attempts[0].started_at,
            name=name,
            source=source,
            method=request.method,
            url=str(request.url),
            status=result.status,
            failure_code=failure.code if failure else None,
            failure=failure.message if failure else None,
            total_ms=sum(each.total_ms + each.pause_s * 1000 for each in exchanges),
            replay_of=replay_of,
            run=run,
        ),
        raw_head=request.head,
        body=request.body,
        left_out=tuple((each.what, each.why) for each in request.left_out),
        exchanges=exchanges,
        answer=_keep_answer(answer) if answer else None,
        redirect_to=result.redirect_to,
        definition=definition,
        ticket=ticket,
        secret_headers=request.secret_headers,
    )


def _keep_answer(answer: ReceivedAnswer) -> AnswerRecord:
    return AnswerRecord(
        answer.http_version,
        answer.status,
        answer.reason,
        answer.raw_headers,
        answer.body,
        answer.truncated,
    )


def _exchanges(attempt: Attempt) -> list[ExchangeRecord]:
    """One record each; the attempt's pause and its own failure go to the first and the last."""
    records = []
    last = len(attempt.exchanges) - 1
    for position, exchange in enumerate(attempt.exchanges):
        failure = exchange.failure or (attempt.failure if position == last else None)
        records.append(
            ExchangeRecord(
                attempt=attempt.number,
                started_at=attempt.started_at,
                method=exchange.request.method,
                url=str(exchange.request.url),
                status=exchange.answer.status if exchange.answer else None,
                failure_code=failure.code if failure else None,
                failure=failure.message if failure else None,
                address=exchange.address,
                connect_ms=exchange.connect_ms,
                first_byte_ms=exchange.first_byte_ms,
                total_ms=exchange.total_ms,
                pause_s=attempt.pause_s if position == 0 else 0.0,
            )
        )
    return records
