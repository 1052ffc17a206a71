"""Latencies in logarithmic buckets: 32 to the octave, so that any percentile is right within 3 %."""

from __future__ import annotations

_BITS = 5
_SUB = 1 << _BITS


class Histogram:
    """Counts of microseconds. Two histograms can be added, also as the lists that JSON carries."""

    __slots__ = ("buckets", "count", "largest")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Count one latency."""
        micros = int(seconds * 1e6) if seconds > 0 else 0
        shift = micros.bit_length() - _BITS - 1
        bucket = micros if shift <= 0 else (shift << _BITS) + (micros >> shift)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.largest = max(self.largest, seconds)

    def merge(self, other: Histogram) -> None:
        """Add the counts of another."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.count += other.count
        self.largest = max(self.largest, other.largest)

    def percentile(self, share: float) -> float:
        """Milliseconds below which this share of the latencies lies; the upper edge of its bucket."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(_upper(bucket) / 1000, self.largest * 1000)
        return 0.0

    def document(self) -> dict[str, object]:
        """For JSON."""
        return {"buckets": sorted(self.buckets.items()), "largest": self.largest}

    @classmethod
    def of(cls, document: dict[str, object]) -> Histogram:
        """From what `document` gave."""
        made = cls()
        pairs = document["buckets"]
        assert isinstance(pairs, list)  # noqa: S101 - for the type checker
        made.buckets = {int(bucket): int(count) for bucket, count in pairs}
        made.count = sum(made.buckets.values())
        made.largest = float(str(document["largest"]))
        return made


def _upper(bucket: int) -> int:
    if bucket < 2 * _SUB:
        return bucket + 1
    shift = (bucket >> _BITS) - 1
    return (bucket - (shift << _BITS) + 1) << shift
