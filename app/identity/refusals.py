"""What a form will not do, said at the field that can mend it."""

from app.core.problems import Problem


class Refusal(Problem):
    """A 422 about one field."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(422, why, "refused", [{"pointer": field, "detail": why}])


def by_field(problem: Problem) -> dict[str, str]:
    """Give what is wrong under the name of each field."""
    return {error["pointer"]: error["detail"] for error in problem.errors}
