"""What becomes of a POST that is refused: a counter, a line in the log, and an answer.

The answer is a problem document (RFC 9457) with the code word that the log has, and ends the
connection. A secret in the path is in neither. Of lines there are as many as `relay.throttle` lets
pass; the counters have them all.
"""

import json
from collections import Counter

import structlog
from starlette.responses import Response

from relay.errors import AccessRequired, Draining, EncoderError, RelayError, TooManyTries, quoted
from relay.ingest import url
from relay.throttle import Throttle

RETRY_AFTER = 2

log = structlog.get_logger("relay.receiver")


class Rejections:
    """`counts`: how many there were, by code."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._throttle = Throttle()

    def answer(self, error: EncoderError, path: str, address: str, now: int) -> Response:
        """Count and tell; `now` in ms. Returns what the sender is answered."""
        self.counts[error.code] += 1
        if self._throttle.passes(f"{address} {error.code}", now):
            log.warning(
                "refused",
                code=error.code,
                status=error.status,
                reason=error.message,
                hint=error.hint,
                path=quoted(url.public(path)),
                peer=address,
                **self._throttle.told(),
            )
        return problem(error)


def problem(error: RelayError) -> Response:
    """An error as application/problem+json."""
    headers = {"cache-control": "no-store", "connection": "close"}
    if error.status == Draining.status:
        headers["retry-after"] = str(RETRY_AFTER)
    if isinstance(error, TooManyTries):
        headers["retry-after"] = str(error.seconds)
    body = json.dumps(error.problem())
    answer = Response(body, error.status, headers, "application/problem+json")
    if isinstance(error, AccessRequired):
        for challenge in error.challenges:
            answer.headers.append("www-authenticate", challenge)
    return answer
