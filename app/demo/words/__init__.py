"""Word lists of the simulated company: nobody real, no real brand."""


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
