"""Many phones at once: each keeps one connection and sends its next request after each answer.

Reads {port, connections, requests} from standard input, writes {seconds, latencies, statuses}.
"""

import asyncio
import json
import sys
import time
from collections import Counter


class Phone(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, requests: list[bytes], done: asyncio.Future[None]) -> None:
        self.requests, self.done = requests[::-1], done
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def send(self) -> None:
        """The next request, if there is one."""
        if not self.requests:
            self.transport.close()
            self.done.set_result(None)
            return
        self.began = time.perf_counter()
        self.transport.write(self.requests.pop())

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        if len(body) < length:
            return
        self.latencies.append(time.perf_counter() - self.began)
        self.statuses[head[9:12].decode()] += 1
        self.heard = b""
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.statuses["lost"] += 1
            self.done.set_result(None)


async def main() -> None:
    told = json.load(sys.stdin)
    requests = [text.encode() for text in told["requests"]]
    loop, many = asyncio.get_running_loop(), told["connections"]
    phones = []
    for number in range(many):
        phone = Phone(requests[number::many], loop.create_future())
        await loop.create_connection(lambda one=phone: one, "127.0.0.1", told["port"])
        phones.append(phone)
    began = time.perf_counter()
    for phone in phones:
        phone.send()
    await asyncio.gather(*(phone.done for phone in phones))
    seconds = time.perf_counter() - began
    latencies = [one for phone in phones for one in phone.latencies]
    statuses = sum((phone.statuses for phone in phones), Counter())
    json.dump({"seconds": seconds, "latencies": latencies, "statuses": statuses}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
