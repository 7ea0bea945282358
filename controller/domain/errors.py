"""The small tree of errors that every vendor's errors are translated into, once, at the platform's edge."""


class RepaveError(Exception):
    """Any error that Repave raises on purpose. Its text is one sentence a person can act on."""


class PlatformError(RepaveError):
    """A call to a platform, a balancer or a telemetry source did not give an answer that can be used.

    call: the vendor's operation, such as `autoscaling.SetDesiredCapacity`.
    code: the vendor's error code, such as `ValidationError`, or our own word where there is none (`timeout`).
    perhaps: True when the call may have taken effect all the same (a time-out, a reset, a 5xx): the outcome
        is unknown and the platform has to be asked.
    """

    retryable = False

    def __init__(self, message: str, *, call: str = "", code: str = "", perhaps: bool = False) -> None:
        super().__init__(message)
        self.call = call
        self.code = code or type(self).__name__.lower()
        self.perhaps = perhaps


class Transient(PlatformError):
    """It may work on the next try: a time-out, a reset, a 5xx, a resource in contention."""

    retryable = True


class Throttled(Transient):
    """The vendor asks us to slow down. Nothing happened."""


class Gone(PlatformError):
    """What the call spoke of does not exist (any more)."""


class Denied(PlatformError):
    """The credentials are missing, expired or not allowed to make this call."""


class NoCapacity(PlatformError):
    """The platform cannot give us another instance now. The predecessor keeps serving."""


class Permanent(PlatformError):
    """The call is wrong as it stands and will stay wrong: a validation error, an answer that makes no sense."""


class ForbiddenCall(RepaveError):
    """Code tried to make a call that is on neither the list of reads nor the list of mutations."""


class IllegalTransition(RepaveError):
    """An event that the state machine has no row for. It is never journaled."""


class LeaseLost(RepaveError):
    """Another daemon owns the fleet, or our lease ran out: nothing may be written or changed under its token."""


class Held(RepaveError):
    """An operator's hold forbids the next mutation. `hold` is the sentence that names who, why and until when."""

    def __init__(self, hold: str) -> None:
        super().__init__(hold)
        self.hold = hold


class Conflict(RepaveError):
    """What a person asked for does not fit how things stand: it was said already, or it is too late."""


class JournalUnavailable(RepaveError):
    """The journal cannot be read or written: Repave keeps watching and stops acting."""


class ConfigError(RepaveError):
    """The configuration cannot be used. The text is `file:line:column: message` lines, one per error."""


class ConfigUnreachable(ConfigError):
    """Where the configuration is kept does not answer just now; it may on the next try."""
