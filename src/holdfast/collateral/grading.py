"""Grading: how a checklist of what an appraiser sees becomes a grade, and which faults are taken off in money.

Pure, so that two appraisers who see the same come to the same grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from holdfast.collateral.model import Grade
from holdfast.kernel.errors import BadInput

# Each point of the checklist: its answers, and the best grade that each still allows. Best answer first.
CHECKLIST: Final[Mapping[str, Mapping[str, Grade]]] = {
    "powers_on": {"yes": Grade.A, "no": Grade.D},
    "screen": {"clean": Grade.A, "light_marks": Grade.B, "scratched": Grade.C, "cracked": Grade.D},
    "body": {"clean": Grade.A, "light_marks": Grade.B, "dented": Grade.C, "bent": Grade.D},
    "cameras": {"work": Grade.A, "faulty": Grade.C},
    "buttons_and_ports": {"work": Grade.A, "faulty": Grade.C},
    "unlock": {"works": Grade.A, "faulty": Grade.B},
    "battery": {"85_or_more": Grade.A, "80_to_84": Grade.B, "below_80": Grade.C},
    "opened_before": {"no": Grade.A, "yes": Grade.C},
    "water": {"no": Grade.A, "yes": Grade.D},
}

# Faults that are taken off in money beside the grade.
DEDUCTIONS: Final = ("screen_repair", "battery_change", "camera_repair", "port_repair", "back_glass", "other")


def grade_of(seen: Mapping[str, str]) -> Grade:
    """The grade that all answers still allow: the worst point decides. BadInput for a point that is missing or not known."""
    for point in seen:
        if point not in CHECKLIST:
            raise BadInput(f"checklist.{point}: the checklist has no such point", field=f"checklist.{point}")
    worst = Grade.A
    for point, answers in CHECKLIST.items():
        if point not in seen:
            raise BadInput(f"checklist.{point}: look at it and say what you see", field=f"checklist.{point}")
        if seen[point] not in answers:
            raise BadInput(f"checklist.{point}: answer one of {', '.join(answers)}", field=f"checklist.{point}")
        worst = max(worst, answers[seen[point]])
    return worst
