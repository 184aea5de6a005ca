"""The admin port without a token: it answers to the relay's own names only (`relay.monitor.guard`).

Supervisors and balancers ask `OPEN` by whatever name they have.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from relay.errors import ControlError
from relay.monitor.order import Order

OPEN = ("/livez", "/readyz")


class Named:
    """The admin port's application. `order` knows the relay's names, and counts what is refused."""

    def __init__(self, app: ASGIApp, order: Order) -> None:
        self._app = app
        self._order = order

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._app
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                self._order.named(Headers(scope=scope).get("host", "").lower())
            except ControlError as error:
                answer = self._order.refusal(scope, error)
        await answer(scope, receive, send)
