"""Behind a proxy: who asks is whom the proxy saw, not the proxy."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

Scope = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


class BehindProxy:
    """Puts the asker's address in its place when `HTTPS` says that a proxy stands before us.

    Limits on guessing count by address; with the proxy's own, the whole country would share one.
    Only the last address of X-Forwarded-For is believed: the proxy wrote it, and whoever asks
    may have written the others.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, *more: Any, **named: Any) -> None:
        if settings.HTTPS and scope["type"] in ("http", "websocket"):
            scope = {**scope, "client": _asker(scope)}
        await self.app(scope, *more, **named)


def _asker(scope: Scope) -> Any:
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    last = said[-1].decode("latin-1").rpartition(",")[2].strip() if said else ""
    return (last, 0) if last else scope.get("client")
