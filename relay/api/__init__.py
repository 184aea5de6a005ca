"""The control API, `/api/v1` on the admin port: what a control room asks of a running relay.

    desk          what it works with
    channels      list, create, replace, remove, start, stop, reset, prefer, health
    sources       disconnect
    upstreams     pause, resume, restart
    programs      start, stop, delete, export
    alarms        list, acknowledge
    relaying      reload
    described     its OpenAPI 3.1 document, with what is answered beside it
    problems      how it refuses: application/problem+json, with the code word that the log has

FastAPI lives here and nowhere else, and is loaded after the doors are open (`relay.monitor.late`).
Limits and the guard against other sites' pages stand before it (`relay.monitor.order`).
"""

from relay.api.application import application
from relay.api.desk import Desk

__all__ = ["Desk", "application"]
