"""One thing for each event loop: made when first asked for, forgotten when its loop is closed."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """The one of each loop. A process has one loop when it serves, and many when it is tested."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._known: dict[asyncio.AbstractEventLoop, T] = {}

    def here(self) -> T:
        """That of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._known:
            self._known = {known: it for known, it in self._known.items() if not known.is_closed()}
            self._known[loop] = self._make()
        return self._known[loop]

    def taken(self) -> T | None:
        """That of the running loop, which is forgotten here; None where there is none."""
        return self._known.pop(asyncio.get_running_loop(), None)

    def running(self) -> list[tuple[asyncio.AbstractEventLoop, T]]:
        """Those whose loop runs; for threads that have no loop of their own."""
        return [(loop, it) for loop, it in list(self._known.items()) if loop.is_running()]
