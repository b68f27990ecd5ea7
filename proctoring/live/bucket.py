"""A token bucket: what one device may send without harming its neighbours."""

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` a second; times are seconds of any clock."""

    rate: float
    burst: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, burst: float, at: float) -> "TokenBucket":
        return cls(rate, burst, burst, at)

    def take(self, wanted: int, at: float) -> float:
        """Take `wanted` tokens: 0.0 when they were there, else the seconds until they are."""
        self.tokens = min(self.burst, self.tokens + max(0.0, at - self.at) * self.rate)
        self.at = at
        if wanted <= self.tokens:
            self.tokens -= wanted
            return 0.0
        return (wanted - self.tokens) / self.rate
