"""Names out of labels may hold anything. Here they are made safe for SQL, PromQL, a shell, and Kubernetes commands."""

from __future__ import annotations

import re
import shlex

# Of RE2, which PromQL uses; `re.escape` also escapes what RE2 refuses to see escaped.
_RE2_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def sql_text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def sql_is(column: str, value: str) -> str:
    """A condition in SQL; what is empty is null where rows were read from a CSV file."""
    return f"{column} = {sql_text(value)}" if value else f"coalesce({column}, '') = ''"


def promql_text(value: str) -> str:
    """A text in PromQL, on one line."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_promql_letter(letter) for letter in escaped) + '"'


def promql_any(values: list[str]) -> str:
    """A PromQL text for `=~` that matches any of the values and nothing else."""
    return promql_text("|".join(_RE2_SPECIAL.sub(r"\\\1", value) for value in values))


def shell_text(value: str) -> str:
    """One word of a shell command."""
    return shlex.quote(value)


def is_object_name(value: str) -> bool:
    """Whether Kubernetes could have an object of this name; a label that holds another text names none."""
    return _OBJECT_NAME.fullmatch(value) is not None


def _promql_letter(letter: str) -> str:
    if letter == "\n":
        return "\\n"
    return letter if letter.isprintable() else "".join(f"\\x{byte:02x}" for byte in letter.encode())
