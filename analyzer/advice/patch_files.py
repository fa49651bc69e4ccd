"""Writes the patches of findings: one folder for each finding, in which its commands run as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.advice.finding import Artifact, Finding
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole


def write_patches(findings: Sequence[Finding], folder: Path) -> list[Path]:
    """The files that were written: the patches of the open findings. Files of the same names are replaced."""
    written = []
    for finding in findings:
        for artifact in finding.artifacts if finding.status == "open" else ():
            path = folder / finding.id / artifact.file
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, patch_text(finding, artifact).encode())
            except OSError as error:
                raise GpuyieldError(f"{path} cannot be written: {error.strerror or error}") from error
            written.append(path)
    return written


def patch_text(finding: Finding, artifact: Artifact) -> str:
    """The patch below what it is for and how it is tried, applied and undone."""
    told = [
        f"{finding.id}: {finding.headline}",
        finding.remedy,
        f"ask first: {finding.resource.owner}",
        f"risk: {finding.risk}" + "".join(f"; {one}" for one in finding.risk_reasons),
        *(f"note: {one}" for one in artifact.remarks),
        f"try:   {artifact.dry_run}",
        f"apply: {artifact.apply}",
        f"undo:  {artifact.rollback}",
    ]
    if finding.verify:
        minutes = finding.verify.wait_seconds / 60
        told.append(f"then:  after {minutes:.0f} min, {finding.verify.query}")
        told.append(f"       should be {finding.verify.expect}")
    return "".join(f"# {_one_line(line)}\n" for line in told) + artifact.content


def _one_line(text: str) -> str:
    """Nothing out of a label may end a comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
