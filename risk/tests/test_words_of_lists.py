"""Columns and conditions that hold moments say so, and are not taken for a state (R041)."""

import pytest

from crm.lists.filters import DateRange
from risk.views.lists import AlertList, AssessmentList


@pytest.mark.parametrize("listed", [AlertList, AssessmentList])
def test_moments_are_not_called_like_states(listed: type[AlertList | AssessmentList]) -> None:
    states = {"Judged", "Finished", "Closed"}
    named = [column.label for column in listed.columns if column.kind == "moment"]
    named += [one.label for one in listed.filters if isinstance(one, DateRange)]
    assert len(named) >= 2
    assert not states & {str(label) for label in named}
