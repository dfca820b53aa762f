"""A gain in accuracy that cannot be: "improvements of up to 95 %" over 85 to 90 % (4.1), and 95 % as accuracy (5)."""

from __future__ import annotations

from fractions import Fraction

from reproduce.audit.differences import in_points, level_after
from reproduce.audit.finding import Finding, Quantity, percent
from reproduce.audit.interval import Interval, corners


def gain_finding() -> Finding:
    """Return the finding on the gain, read as points and as a relative difference."""
    base, gain = Interval(Fraction(85, 100), Fraction(90, 100)), Fraction(95, 100)
    accuracy = Interval(gain, gain)
    relative = corners(lambda new, old: new / old - 1, accuracy, base)
    after, added = (level_after(base, gain, is_relative=is_relative) for is_relative in (True, False))
    possible = after.low <= 1 or added.low <= 1
    return Finding(
        check="gain over a level",
        document="004",
        data="lung and breast cancer, no study named",
        models=("CNN models",),
        metrics=("accuracy",),
        verdict="consistent" if possible else "inconsistent",
        reading="text",
        values=(
            Quantity("accuracy after a relative gain of 95 %", percent(after, 1), after),
            Quantity("accuracy after a gain of 95 points", percent(added, 1), added),
            Quantity("gain of an accuracy of 95 %, in points", percent(in_points(accuracy, base), 1)),
            Quantity("gain of an accuracy of 95 %, relative", percent(relative, 1)),
        ),
        brief="possible" if possible else "an accuracy above 100 %",
        explanation=(
            "Section 4.1 speaks of improving an accuracy of 85 to 90 % by up to 95 %, which would end above 100 % "
            "either way. Section 5 gives 95 % as the accuracy itself, which is a gain of 5 to 10 points."
        ),
    )
