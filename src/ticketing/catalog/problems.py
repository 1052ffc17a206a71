"""What is wrong with a plan, where, and what to change: for people, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ticketing.base.errors import Unprocessable

# More than this many at once helps nobody; the rest is counted.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """`where` is `file:line path`, `what` is wrong, `cure` is what to change."""

    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.cure}."


class ImportFailed(Unprocessable):
    """422 `invalid_plan`: the file is not a plan that can be sold; nothing was written.

    Attributes:
        problems: everything that was found, in file order where possible.
    """

    def __init__(self, problems: Sequence[PlanProblem], *, unseen: int = 0) -> None:
        """Make it of at least one problem; `unseen` more were found but not kept."""
        self.problems = tuple(problems[:SHOWN])
        self.left_out = len(problems) - len(self.problems) + unseen
        lines = [str(problem) for problem in self.problems]
        if self.left_out:
            lines.append(f"… and {self.left_out} more.")
        super().__init__(
            "invalid_plan",
            "\n".join(lines),
            problems=[{"where": p.where, "what": p.what, "cure": p.cure} for p in self.problems],
            left_out=self.left_out,
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a plan: indices of section, row and seat, as deep as they are known."""

    section: int | None = None
    row: int | None = None
    seat: int | None = None
    shape: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule at a spot of the plan; readers know which line of the file that was.

    `field` is the model's name of what is wrong ("id", "number", "x" …); `first` is where a duplicate was seen first.
    """

    spot: Spot
    field: str
    what: str
    cure: str
    first: Spot | None = None
