"""What the documents say is so."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from app.identity.guard import ROLES, May
from config import Config

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
DERIVED = {"secure_cookies"}  # from BASE_URL
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def read(name: str) -> str:
    return (ROOT / name).read_text()


def targets() -> set[str]:
    return set(TARGET.findall(read("Makefile")))


def test_the_two_commands_of_the_readme_are_in_the_makefile():
    two = re.search(r"## Two commands.*?```sh\n(.*?)```", read("README.md"), re.DOTALL)[1]
    asked = re.findall(r"^make ([a-z]+)", two, re.MULTILINE)
    assert asked == ["run", "test"]
    assert set(asked) <= targets()


def test_make_help_lists_every_target():
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z]+)", said, re.MULTILINE)) == targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_by_make_exists(document):
    asked = {
        word
        for code in re.findall(r"`{1,3}(?:sh\n)?([^`]+)`", document.read_text())
        for word in re.findall(r"(?m)^make ([a-z]+)", code)
    }
    assert asked - targets() == set()


def test_every_setting_is_explained_and_every_explained_setting_exists():
    names = {field.name.upper() for field in fields(Config) if field.name not in DERIVED}
    settings = read("docs/deploy.md").split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"(?m)^\| `([A-Z_]+)`", settings)) == names


def test_the_table_of_roles_is_what_the_guard_holds():
    _, *lines = re.findall(r"(?m)^\| (.+) \|$", read("docs/roles.md"))
    acts = [act.value for act in May]
    table = {
        cells[0]: frozenset(act for act, cell in zip(acts, cells[1:], strict=True) if cell == "yes")
        for cells in map(_cells, lines)
    }
    assert _cells(re.search(r"(?m)^\| (role .+) \|$", read("docs/roles.md"))[1])[1:] == acts
    assert table == {role: frozenset(act.value for act in may) for role, may in ROLES.items()}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(" | ")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_leads_somewhere(document):
    ways = [way for way in LINK.findall(document.read_text()) if not way.startswith(("http:", "https:", "mailto:"))]
    assert [way for way in ways if not _leads_somewhere(document, way)] == []


def _leads_somewhere(document: Path, way: str) -> bool:
    path, _, heading = way.partition("#")
    target = (document.parent / path).resolve() if path else document
    return target.exists() and (not heading or heading in _headings(target))


def _headings(document: Path) -> set[str]:
    """Give the anchors that a page of Markdown gets on the forge."""
    titles = re.findall(r"(?m)^#+ (.+)$", document.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_it_names_exist(document):
    named = set(re.findall(r"`((?:app|ml|jobs|tests|docs|migrations|benchmarks)/[\w/.]+\.\w+)`", document.read_text()))
    assert {name for name in named if not (ROOT / name).exists()} == set()
