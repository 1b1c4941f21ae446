"""The house rules of CONTRIBUTING.md that a machine can hold: who imports whom, who commits, how long things are."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import median

import app.models  # noqa: F401 - so that every table is known
from app.extensions import db

ROOT = Path(__file__).parents[1]
ORDER = [
    *("config", "app.local", "app.extensions", "app.core", "app.identity", "app.accounts", "app.usage"),
    *("app.conversations", "app.connectors", "app.health", "app.forecast", "app.playbooks", "app.announcements"),
    *("app.portal", "app.desk", "app.demo", "app", "jobs", "wsgi"),
]
FILES = [
    ROOT / "config.py",
    *sorted(path for folder in ("app", "ml", "jobs") for path in (ROOT / folder).rglob("*.py")),
]
MAY_COMMIT = re.compile(
    r"jobs/.*|app/cli.*|app/desk/.*|app/.*/(routes|api|settings|committing|doors)\.py|app/core/(queue|timetable)\.py"
)
FORBIDDEN_NAMES = {"utils", "helpers", "common", "services", "managers"}
HEAVY = {"sklearn", "scipy"}


@cache
def tree(path):
    return ast.parse(path.read_text())


def name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer(module):
    """Give how far right a module stands; None when it is not one of the layers."""
    found = [rank for rank, part in enumerate(ORDER) if module == part or module.startswith(f"{part}.")]
    exact = [rank for rank in found if ORDER[rank] != "app"]
    return exact[0] if exact else found[0] if found else None


def imports(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(path):
    found = (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {f"{name(path)}.{node.name}": node.end_lineno - node.lineno + 1 for node in found}


def test_imports_come_only_from_the_left():
    astray = {
        (name(path), imported)
        for path in FILES
        for imported in imports(path)
        if layer(name(path)) is not None and (layer(imported) or 0) > layer(name(path))
    }
    assert astray == set()


def test_ml_knows_nothing_of_the_web_the_database_or_us():
    foreign = ("app", "jobs", "config", "flask", "sqlalchemy", "psycopg", "redis", "rq")
    used = {(name(path), each) for path in FILES if path.is_relative_to(ROOT / "ml") for each in imports(path)}
    assert {(path, each) for path, each in used if each.split(".")[0] in foreign} == set()


def test_foreign_keys_point_left():
    home = {mapper.local_table.name: layer(mapper.class_.__module__) for mapper in db.Model.registry.mappers}
    right = {
        (table.name, key.column.table.name)
        for table in db.metadata.sorted_tables
        for key in table.foreign_keys
        if home[key.column.table.name] > home[table.name]
    }
    assert right == set()


def test_only_routes_jobs_and_the_command_line_commit():
    commits = {
        name(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
        if not MAY_COMMIT.fullmatch(str(path.relative_to(ROOT)))
    }
    assert commits == set()


def test_verbs_know_nothing_of_the_request():
    doors = re.compile(r"routes|api|settings|guard|answers|web|problems|operations|words|paging|bodies|doors|machines")
    of_the_request = {"flask.request", "flask.session", "flask.g", "flask_login.current_user"}
    nosy = {
        (name(path), each)
        for path in FILES
        for each in set(imports(path)) & of_the_request
        if not doors.fullmatch(path.stem) and "desk" not in path.parts
    }
    assert nosy == set()


def test_files_and_functions_stay_short():
    lengths = {name(path): len(path.read_text().splitlines()) for path in FILES}
    budget = {module: 30 if module.startswith("jobs.") else 400 for module in lengths} | {
        "app": 80, "jobs.worker": 120, "jobs.timekeeper": 120,
    }  # fmt: skip
    assert {module: lines for module, lines in lengths.items() if lines > budget[module]} == {}
    sizes = {function: lines for path in FILES for function, lines in functions(path).items()}
    assert {function: lines for function, lines in sizes.items() if lines > 50} == {}
    assert median(sizes.values()) <= 8


def test_packages_stay_small():
    """At most twelve files beside what joins them; jobs are one list, one file a job."""
    packages = Counter(path.parent for path in FILES if path.stem != "__init__" and path.parent != ROOT / "jobs")
    assert {str(package.relative_to(ROOT)): files for package, files in packages.items() if files > 12} == {}


def test_no_file_has_a_name_that_says_nothing():
    assert {name(path) for path in FILES if path.stem in FORBIDDEN_NAMES} == set()


def test_a_web_process_never_loads_scikit_learn():
    """It costs 100 MB and a second; jobs alone need it."""
    config = "Config(database_url='postgresql+psycopg://x', redis_url='redis://x', secret_key='x')"
    code = f"import sys, app; from config import Config; app.create_app({config}); print({HEAVY} & set(sys.modules))"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (made.stdout.splitlines()[-1:], made.returncode) == (["set()"], 0), made.stderr
