"""What a form will not do, said at the field that can mend it."""

from app.core.problems import Problem


class Refusal(Problem):
    """A 422 about one field."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(422, why, "refused", [{"pointer": field, "detail": why}])


def refuse_longer(field: str, words: str, most: int) -> None:
    """Raise Refusal when a text has more than `most` letters."""
    if why := too_long(field, words, most):
        raise Refusal(field, why)


def too_long(field: str, words: str, most: int) -> str:
    """Say what is wrong with a text of more than `most` letters, else ''. The script puts the field's label in."""
    return f"`{field}` may have up to {most:,} letters; this has {len(words):,}." if len(words) > most else ""


def by_field(problem: Problem) -> dict[str, str]:
    """Give what is wrong under the name of each field."""
    return {error["pointer"]: error["detail"] for error in problem.errors}
