"""Signs requests to the API server as the kubeconfig says, and says plainly when that fails."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING

import httpx2
import msgspec

from exporters.source import SourceFailed

if TYPE_CHECKING:
    from lightkube.config.models import User, UserExec

_EXEC_V1 = "client.authentication.k8s.io/v1"
_EXEC_BETA = "client.authentication.k8s.io/v1beta1"


class SignIn(httpx2.Auth):
    """Lightkube's authentication; its failures come as SourceFailed, so that whoever sends needs to know no lightkube.

    `who` names the context in messages; `hint` is what the kubeconfig says about a sign-in program that is missing.
    """

    def __init__(self, inner: httpx2.Auth, who: str, hint: str = "") -> None:
        self._inner = inner
        self._who = who
        self._hint = hint

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """One or more tries of the request: a token that was refused is fetched anew once."""
        from lightkube.core.exceptions import ConfigError

        try:
            yield from self._inner.sync_auth_flow(request)
        except ConfigError as error:
            raise self._failed(_last_line(str(error))) from None
        except OSError as error:
            raise self._failed(f"{error.filename}: {error.strerror}. {self._hint}".strip()) from None
        except (ValueError, LookupError, TypeError):
            raise self._failed("its sign-in program printed no token") from None  # what it printed may be secret

    def _failed(self, why: str) -> SourceFailed:
        return SourceFailed(
            f"cannot sign in to Kubernetes as {self._who} does: {why}; see that `kubectl get services` works"
        )


def sign_in(user: User, who: str) -> httpx2.Auth | None:
    """None where nothing is added to a request: no user, or a client certificate, which is part of TLS."""
    from lightkube.config.client_adapter import user_auth

    if user.exec is not None:
        hint = " ".join((user.exec.installHint or "").split())
        return SignIn(_exec_auth(user.exec), who, hint)
    inner = user_auth(user)
    return None if inner is None else SignIn(inner, who)


def _exec_auth(program: UserExec) -> httpx2.Auth:
    from lightkube.config.client_adapter import ExecAuth
    from lightkube.config.models import NameValue

    # Lightkube neither knows v1, whose answer has the same shape, nor tells the program which version to speak.
    # Not interactive: what the program prints is captured, so that nobody would see its question.
    asked = {"apiVersion": program.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
    version = _EXEC_BETA if program.apiVersion == _EXEC_V1 else program.apiVersion
    env = [*(program.env or []), NameValue("KUBERNETES_EXEC_INFO", json.dumps(asked))]
    return ExecAuth(msgspec.structs.replace(program, apiVersion=version, env=env))


def _last_line(text: str) -> str:
    """Programs print their reason last; what came before may be a long trace."""
    lines = text.split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    head = lines[0].strip()
    return last[:300] if last == head else f"{head[:100]} ... {last[:300]}"
