"""Ids of traces and spans: derived, never drawn, so that a story told again has the same ids."""

from hashlib import sha256


def trace_id_of(replacement_id: str, segment: int = 1) -> str:
    """The trace of a replacement, 32 hexadecimal digits.

    segment: 1 for the trace that begins at acceptance; a replacement that outlives it goes on in 2, 3 ...
    """
    name = replacement_id if segment == 1 else f"{replacement_id}/{segment}"
    return _digits(name, 16)


def span_id_of(key: str) -> str:
    """The span of that key, 16 hexadecimal digits. A key is unique for ever and names the replacement first."""
    return _digits(key, 8)


def refusal_trace_id_of(key: str) -> str:
    """The trace of one refusal, 32 hexadecimal digits."""
    return _digits(key, 16)


def tick_trace_id_of(key: str) -> str:
    """The trace of one look at a fleet, 32 hexadecimal digits."""
    return _digits(key, 16)


def _digits(name: str, size: int) -> str:
    return sha256(name.encode()).digest()[:size].hex()
