"""RavenStack: a synthetic SaaS company whose churn has nothing to do with its tables. The negative control."""

from pathlib import Path

FOLDER = "ravenstack"
WHERE = "“RavenStack” by River @ Rivalytics (synthetic, MIT-like), the five CSV files as they come"


def paths(folder: Path) -> list[Path]:
    """Give the files as they are, with every contradiction of a real export; their dates put the day first."""
    return sorted(folder.glob("*.csv"))
