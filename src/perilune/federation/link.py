"""Reading from a peer: a few addresses, each answer bounded before it is asked for.

Only the peer's own origin is reached (`perilune.outbound` holds that for redirects too), so no
answer leads into this operator's network. Nothing that comes is believed here: callers verify.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from perilune.errors import NotFound, OutboundRefused, PeerUnreachable
from perilune.federation.asking import Asking
from perilune.federation.pace import Pace
from perilune.ledger.request import Question
from perilune.outbound import AllowList, Connections, Limits, Origin, Way, fetch, post, stream

_LEAST_BYTES_S = 16_384
"""A slower peer is given up; what has come of a large file is kept for the next time."""


class Link:
    """The peer at ``url``, which the operator wrote.

    ``kept`` holds its connections open; ``pace`` says how fast it is read; ``asking`` signs what
    is asked, so that the peer gives what is for partners.
    """

    def __init__(
        self,
        url: str,
        kept: Connections | None = None,
        pace: Pace | None = None,
        asking: Asking | None = None,
    ) -> None:
        self._origin = Origin.of(url)
        self.url = f"{self._origin}{urlsplit(url).path.rstrip('/')}"
        self._allowed = AllowList.of(url)
        self._asking = asking
        self._way = Way(kept=kept) if pace is None else Way(kept=kept, pace=pace.paced)
        self._least_bytes_s = _LEAST_BYTES_S if pace is None else pace.least(_LEAST_BYTES_S)

    def get(self, path: str, most: int) -> bytes:
        """The answer at ``path``, of at most ``most`` bytes.

        Raises `NotFound` where the peer answers and does not give it; `PeerUnreachable` on
        silence or more bytes; `OutboundRefused` where it leads elsewhere.
        """
        url = f"{self.url}{path}"
        limits = Limits(max_bytes=most, total_s=60 + most / self._least_bytes_s)
        headers = self._signed("GET", url)
        reply = fetch(url, allowed=self._allowed, limits=limits, headers=headers, way=self._way)
        self._check(reply.url, reply.status, (200,))
        return reply.body

    def post(self, path: str, body: bytes, most: int) -> tuple[int, bytes]:
        """Status and answer to ``body``, whatever they are; errors as `get` else."""
        limits = Limits(max_bytes=most, total_s=60 + most / self._least_bytes_s)
        url = f"{self.url}{path}"
        headers = self._signed("POST", url, body)
        reply = post(
            url, body, allowed=self._allowed, limits=limits, headers=headers, way=self._way
        )
        return reply.status, reply.body

    @property
    def name(self) -> str:
        """Its address."""
        return self.url

    @contextmanager
    def span(self, path: str, start: int, stop: int, size: int) -> Iterator[Iterator[bytes]]:
        """Bytes ``start`` to before ``stop`` of a file of ``size``; errors as `get`."""
        url = f"{self.url}{path}"
        limits = Limits(max_bytes=stop - start, total_s=60 + (stop - start) / self._least_bytes_s)
        headers = {"Range": f"bytes={start}-{stop - 1}", **self._signed("GET", url)}
        with stream(
            url, allowed=self._allowed, limits=limits, headers=headers, way=self._way
        ) as found:
            self._check(found.url, found.status, (206,))
            told = found.headers.get("content-range", "")
            if told != f"bytes {start}-{stop - 1}/{size}":
                raise PeerUnreachable(
                    f"{url} gives the range {told!r} for bytes {start} to {stop - 1} of {size}"
                )
            yield found.chunks

    def frames(self, question: bytes, most: int) -> bytes:
        """The frames of small products."""
        status, answer = self.post("/federation/products", question, most)
        if status != 200:
            raise NotFound(f"{self.url} answers {status} to a question for frames")
        return answer

    def _signed(self, method: str, url: str, body: bytes | None = None) -> Mapping[str, str]:
        question = Question(method, urlsplit(url).path, body)
        return self._asking(question) if self._asking else {}

    def _check(self, url: str, status: int, wanted: tuple[int, ...]) -> None:
        if Origin.of(url) != self._origin:
            raise OutboundRefused(f"{self.url} sends us to {url}")
        if status in wanted:
            return
        raise NotFound(f"{url} answers {status}")
