"""Fields: the member of the union that the type names is read, and a refusal costs one field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.source import SourceFailed
from exporters.sources.nvidia.asking import Asking, DeviceLost
from exporters.sources.nvidia.fields import ALL_LINKS, read_fields

MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}


class Answering:
    """The one function that is called, with answers made beforehand: (nvmlReturn, valueType, value) by field."""

    NVMLError = pynvml.NVMLError

    def __init__(self, answers: dict[int, tuple[int, int, float]]) -> None:
        self.answers = answers
        self.requests: list[Sequence[int | tuple[int, int]]] = []

    def nvmlDeviceGetFieldValues(self, handle: Any, fieldIds: Sequence[int | tuple[int, int]]) -> Any:  # noqa: N802, N803
        self.requests.append(fieldIds)
        values = (pynvml.c_nvmlFieldValue_t * len(fieldIds))()
        for entry, wanted in zip(values, fieldIds, strict=True):
            entry.fieldId = wanted[0] if isinstance(wanted, tuple) else wanted
            entry.nvmlReturn, entry.valueType, value = self.answers[entry.fieldId]
            entry.value.ullVal = 0xFFFF_FFFF_FFFF_FFFF  # what stood there before
            if entry.valueType in MEMBERS:
                setattr(entry.value, MEMBERS[entry.valueType], value)
        return values


def asking_of(answers: dict[int, tuple[int, int, float]]) -> tuple[Asking, Answering]:
    library = Answering(answers)
    return Asking(library, lambda: 0.0), library  # type: ignore[arg-type]


@given(st.sampled_from([(0, 1.5), (1, 2**32 - 1), (2, 7), (3, 2**63 + 1), (4, -5), (5, -7), (6, 65_535)]))
def test_a_value_is_read_by_its_type(answer: tuple[int, float]) -> None:
    kind, value = answer
    asking, _ = asking_of({185: (0, kind, value)})
    assert read_fields(asking, None, [185])[185].value == value


def test_a_type_that_is_not_known_is_left_out() -> None:
    asking, _ = asking_of({185: (0, 9, 0)})
    assert read_fields(asking, None, [185]) == {}


@pytest.mark.parametrize(("code", "is_final"), [(2, True), (3, True), (6, True), (13, True), (10, False), (999, False)])
def test_a_refusal_costs_one_field_and_some_are_final(code: int, is_final: bool) -> None:
    asking, library = asking_of({185: (code, 0, 0), 74: (0, 3, 9)})
    for _ in range(2):
        assert set(read_fields(asking, None, [185, 74])) == {74}
    assert library.requests[1] == ([74] if is_final else [185, 74])


def test_a_field_may_tell_that_the_device_is_lost() -> None:
    asking, _ = asking_of({185: (15, 0, 0)})
    with pytest.raises(DeviceLost):
        read_fields(asking, None, [185])


def test_link_counters_are_asked_for_all_links() -> None:
    asking, library = asking_of({138: (0, 3, 1), 74: (0, 3, 1)})
    read_fields(asking, None, [138, 74])
    assert library.requests == [[(138, ALL_LINKS), 74]]


def test_an_answer_once_is_an_answer() -> None:
    asking, _ = asking_of({185: (3, 0, 0)})
    read_fields(asking, None, [185])
    asking.conclude()
    with pytest.raises(SourceFailed, match="answers nothing"):
        asking.conclude()
