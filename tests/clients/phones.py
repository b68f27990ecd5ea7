"""Many phones at once: each keeps one connection and sends its next request after each answer.

Reads {port, connections, requests, keep} from standard input; writes {seconds, latencies,
statuses}, and with `keep` the bodies of the answers in the order of the requests. A request that
begins with "!" is sent, and the line is cut before the answer comes.
"""

import asyncio
import json
import sys
import time
from collections import Counter

Request = tuple[int, bytes]  # its place in the order of all, and what is sent


class Phone(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, port: int, requests: list[Request], done: asyncio.Future[None]) -> None:
        self.port, self.requests, self.done = port, requests[::-1], done
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bodies: dict[int, str] = {}
        self.heard, self.cut = b"", False

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self.port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.heard, self.cut = b"", False

    def send(self) -> None:
        """The next request, if there is one."""
        if not self.requests:
            self.cut = True
            self.transport.close()
            self.done.set_result(None)
            return
        self.place, request = self.requests.pop()
        self.began = time.perf_counter()
        if request.startswith(b"!"):
            self.cut = True
            self.transport.write(request[1:])
            self.transport.close()
            self.again = asyncio.ensure_future(self._again())
            return
        self.transport.write(request)

    async def _again(self) -> None:
        await self.connect()
        self.send()

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found or self.cut:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if len(body) < length:
            return
        self.latencies.append(time.perf_counter() - self.began)
        self.statuses[head[9:12].decode()] += 1
        self.bodies[self.place] = body.decode()
        self.heard = b""
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.cut and not self.done.done():
            self.statuses["lost"] += 1
            self.done.set_result(None)


async def main() -> None:
    told = json.load(sys.stdin)
    requests = [(place, text.encode()) for place, text in enumerate(told["requests"])]
    loop, many = asyncio.get_running_loop(), told["connections"]
    phones = [Phone(told["port"], requests[n::many], loop.create_future()) for n in range(many)]
    for phone in phones:
        await phone.connect()
    began = time.perf_counter()
    for phone in phones:
        phone.send()
    await asyncio.gather(*(phone.done for phone in phones))
    seconds = time.perf_counter() - began
    latencies = [one for phone in phones for one in phone.latencies]
    statuses = sum((phone.statuses for phone in phones), Counter())
    seen = {"seconds": seconds, "latencies": latencies, "statuses": statuses}
    if told.get("keep"):
        bodies = {place: body for phone in phones for place, body in phone.bodies.items()}
        seen["bodies"] = [bodies.get(place, "{}") for place in range(len(requests))]
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
