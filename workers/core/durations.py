"""How long something took, as counts by bucket, which can be added up: quantiles of any window come from its sums.

The buckets are those of an HDR histogram (http://hdrhistogram.org) with five significant bits: as wide as a 32nd of
their length at most, so a quantile is at most 3.2 % too large. Only whole numbers: every machine finds the same bucket.
"""

from collections.abc import Mapping

SIGNIFICANT_BITS = 5


def bucket_of(milliseconds: int) -> int:
    """The number of the bucket that holds a length of time; a negative one counts as none."""
    length = max(milliseconds, 0)
    shift = max(length.bit_length() - SIGNIFICANT_BITS - 1, 0)
    return (shift << SIGNIFICANT_BITS) + (length >> shift)


def longest_in(bucket: int) -> int:
    """The longest time, in milliseconds, that the bucket holds."""
    shift = max((bucket >> SIGNIFICANT_BITS) - 1, 0)
    return (((bucket - (shift << SIGNIFICANT_BITS)) + 1) << shift) - 1


def quantile(counts: Mapping[int, int], share: float) -> int | None:
    """The milliseconds within which this share (0.5: the median) of all were done; None if there are none. `counts`: by
    bucket.
    """
    wanted = share * sum(counts.values())
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if counts[bucket] and seen >= wanted:
            return longest_in(bucket)
    return None
