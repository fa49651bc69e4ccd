"""Which API server to talk to and as whom: kubeconfig files as kubectl reads them, else the pod's service account."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import yaml

from exporters.kubernetes.sign_in import sign_in
from exporters.source import GpuyieldError

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

_DEFAULT_FILE = "~/.kube/config"
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS = ("clusters", "contexts", "users")
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
# Left out, each would send the request elsewhere, or with more rights, than the user asked for.
_NOT_UNDERSTOOD = ("proxy-url", "tls-server-name", "as", "as-uid", "as-groups", "as-user-extra")


class ClusterError(GpuyieldError):
    """No Kubernetes cluster is configured here, or not in a way that can be used."""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Where it is and how to sign in; `namespace` is the one that the context works in."""

    url: str
    context: str
    namespace: str
    tls: ssl.SSLContext | None = field(repr=False)
    auth: httpx2.Auth | None = field(repr=False)

    def __str__(self) -> str:
        place = urlsplit(self.url)  # the URL itself may hold a password
        port = "" if place.port is None else f":{place.port}"
        return f"the Kubernetes API server {place.hostname}{port} (context {self.context})"


def api_server(context: str | None = None, service_account: Path = _SERVICE_ACCOUNT) -> ApiServer:
    """The server of a context, by default the current one."""
    try:
        import lightkube.config.kubeconfig  # noqa: F401
    except ImportError:
        raise ClusterError(
            "to read from a Kubernetes cluster lightkube is needed: pip install 'gpuyield[kubernetes]'"
        ) from None
    files = _files()
    merged = _merged([file for file in files if file.is_file()])
    if merged["contexts"]:
        return _server(_chosen(merged, context))
    return _server(_inside(service_account, files, context))


def _files() -> list[Path]:
    listed = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return [Path(name).expanduser() for name in listed or [_DEFAULT_FILE]]


def _merged(files: Sequence[Path]) -> dict[str, Any]:
    """One kubeconfig out of several: of two entries with one name the first holds, as for kubectl."""
    merged: dict[str, Any] = {section: [] for section in _SECTIONS}
    for file in files:
        content = _content(file)
        for section in _SECTIONS:
            known = {entry["name"] for entry in merged[section]}
            merged[section] += [entry for entry in content[section] if entry["name"] not in known]
        merged["current-context"] = merged.get("current-context") or content["current-context"]
    return merged


def _content(file: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(file.read_bytes()) or {}
        content = {section: [_anchored(each, file.parent) for each in raw.get(section) or []] for section in _SECTIONS}
        return {**content, "current-context": raw.get("current-context")}
    except OSError as error:
        raise ClusterError(f"the kubeconfig {file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, AttributeError, TypeError, LookupError):  # their words may quote a secret
        raise ClusterError(f"{file} is no kubeconfig; see `kubectl config view`") from None


def _anchored(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The entry with whole paths: a relative one counts from the folder of its file."""
    entry["name"] = str(entry["name"])  # YAML may make anything of it
    for body in (entry.get("cluster") or {}, entry.get("user") or {}):
        body |= {key: str(folder.absolute() / body[key]) for key in _PATHS if body.get(key)}
        command = (body.get("exec") or {}).get("command") or ""
        if os.sep in command:
            body["exec"]["command"] = str(folder.absolute() / command)
    return entry


def _context(merged: dict[str, Any], context: str | None) -> dict[str, Any]:
    names = ", ".join(entry["name"] for entry in merged["contexts"])
    wanted = context or merged["current-context"]
    if not wanted:
        raise ClusterError(f"no current context in the kubeconfig: `kubectl config use-context` one of {names}")
    entry: dict[str, Any] | None = next((entry for entry in merged["contexts"] if entry["name"] == wanted), None)
    if entry is None:
        raise ClusterError(f"no context {wanted} in the kubeconfig: there are {names}")
    return entry


def _chosen(merged: dict[str, Any], context: str | None) -> SingleConfig:
    from lightkube.config.kubeconfig import KubeConfig

    entry = _context(merged, context)
    # Only what the context names: a broken entry of another cluster is no concern of this one.
    own = entry.get("context") or {}
    picked = {
        "current-context": entry["name"],
        "contexts": [entry],
        "clusters": [each for each in merged["clusters"] if each["name"] == own.get("cluster")],
        "users": [each for each in merged["users"] if each["name"] == own.get("user")],
    }
    _refuse_unknown(picked)
    try:
        config = KubeConfig.from_dict(picked).get()
    except (LookupError, AttributeError, msgspec.ValidationError):
        raise ClusterError(f"context {entry['name']} of the kubeconfig lacks its cluster or user") from None
    assert config is not None
    return config


def _refuse_unknown(picked: dict[str, Any]) -> None:
    bodies = [each.get("cluster") or each.get("user") or {} for each in picked["clusters"] + picked["users"]]
    if found := [key for key in _NOT_UNDERSTOOD for body in bodies if body.get(key)]:
        raise ClusterError(
            f"context {picked['current-context']} sets {', '.join(found)}, which gpuyield does not follow"
        )


def _inside(service_account: Path, files: Sequence[Path], context: str | None) -> SingleConfig:
    from lightkube.config.kubeconfig import KubeConfig
    from lightkube.core.exceptions import ConfigError

    try:
        config = None if context else KubeConfig.from_service_account(service_account).get()
    except (ConfigError, LookupError, OSError):
        config = None
    if config is None:
        looked = ", ".join(map(str, files))
        raise ClusterError(
            f"no Kubernetes cluster is known: no context in {looked}, and this is no pod with a service account; "
            "set KUBECONFIG"
        )
    return config._replace(context_name="of this pod")


def _server(config: SingleConfig) -> ApiServer:
    from lightkube.config.client_adapter import verify_cluster
    from lightkube.config.models import User
    from lightkube.core.exceptions import ConfigError

    user = config.user or User()
    who = f"context {config.context_name}"
    try:
        is_tls = config.cluster.server.startswith("https:")
        tls = verify_cluster(config.cluster, user, config.abs_file) if is_tls else None
        auth = sign_in(user, who)
    except ConfigError as error:
        raise ClusterError(f"{who} of the kubeconfig cannot be used: {error}") from None
    except (OSError, ValueError, TypeError) as error:  # ssl.SSLError is an OSError; ValueError: no base64
        why = error.strerror if isinstance(error, OSError) else None
        raise ClusterError(f"{who} has a certificate or key that cannot be used: {why or 'not PEM'}") from None
    return ApiServer(config.cluster.server.rstrip("/"), config.context_name, config.namespace, tls, auth)
