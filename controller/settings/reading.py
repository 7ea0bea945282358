"""Where the configuration comes from: -c, else REPAVE_CONFIG, else ./repave.yaml."""

from collections.abc import Mapping
from pathlib import Path

from controller.domain.errors import ConfigError
from controller.settings.yaml_text import MAX_BYTES

DEFAULT = "repave.yaml"
_REMOTE = ("s3:", "ssm:")


def config_name(reference: str | None, environ: Mapping[str, str]) -> str:
    """Which configuration is meant. reference: what was given with -c, if anything."""
    return reference or environ.get("REPAVE_CONFIG") or DEFAULT


def is_remote(name: str) -> bool:
    """Whether it is kept in S3 or SSM; else it is a file."""
    return name.startswith(_REMOTE)


def read_config(reference: str | None, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text of a configuration that is a file, and its name for messages.

    Raises ConfigError with one line that says what to do when it cannot be read.
    """
    name = config_name(reference, environ)
    try:
        with Path(name).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(_missing(name, reference, environ)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{name!r}: the configuration cannot be read: {reason}.") from error
    return decoded(content, name, "file"), name


def decoded(content: bytes, name: str, what: str) -> str:
    """The text of a configuration. what: `file`, for messages.

    Raises ConfigError when it is too large, or no text.
    """
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{name}: the {what} is larger than {MAX_BYTES >> 20} MiB; is it the right one?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise ConfigError(f"{name}:{line}:{column}: the {what} is not UTF-8 text.") from error


def _missing(name: str, reference: str | None, environ: Mapping[str, str]) -> str:
    if reference:
        return f"{name}: there is no such file; name another with -c."
    if environ.get("REPAVE_CONFIG"):
        return f"{name}: there is no such file; REPAVE_CONFIG names it."
    return f"There is no ./{DEFAULT}; name a configuration with -c or REPAVE_CONFIG (config/example.yaml is a start)."
