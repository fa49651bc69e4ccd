"""An error as AWS answers it."""

from __future__ import annotations


class ServiceError(Exception):
    """`code` is what botocore shows; what the caller did wrong is 400."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def check(condition: bool, message: str, code: str = "InvalidParameterValue") -> None:
    if not condition:
        raise ServiceError(code, message)
