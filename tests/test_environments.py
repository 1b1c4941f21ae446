"""The builder of other people's environments: once, shared, and told when it cannot."""

import subprocess

import pytest

from tests import environments
from tests.environments import node, node_environment, python_environment


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def made(monkeypatch):
    """What was made instead of installing anything."""
    asked = []

    def make(folder, pins):
        folder.mkdir()
        asked.append(tuple(pins))

    monkeypatch.setattr(environments, "_make_python", make)
    monkeypatch.setattr(environments, "_make_node", make)
    return asked


def test_an_environment_is_made_once_and_another_for_other_pins(kept, made):
    first = python_environment("six==1.17.0")
    assert python_environment("six==1.17.0") == first
    assert python_environment("six==1.16.0") != first
    assert node_environment("six==1.17.0") not in first.parents
    assert made == [("six==1.17.0",), ("six==1.16.0",), ("six==1.17.0",)]


def test_one_that_was_left_half_made_is_made_anew(kept, made):
    folder = python_environment("six==1.17.0").parents[1]
    (folder / ".is-made").unlink()
    (folder / "rest").write_text("of an interrupted installation")
    python_environment("six==1.17.0")
    assert (len(made), (folder / "rest").exists()) == (2, False)


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_where_it_cannot_be_made_the_test_is_skipped_and_fails_in_ci(kept, monkeypatch, ci, outcome):
    def refuse(folder, pins):
        raise subprocess.CalledProcessError(1, "pip", stderr="loading\nNo matching distribution found\n")

    monkeypatch.setattr(environments, "_make_python", refuse)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"six==1\.17\.0 .* No matching distribution found"):
        python_environment("six==1.17.0")


def test_what_is_installed_can_be_run_and_is_not_ours():
    python = python_environment("six==1.17.0")
    said = subprocess.run([python, "-c", "import six; print(six.__file__)"], capture_output=True, text=True, check=True)
    assert str(python.parents[1]) in said.stdout


def test_a_node_package_can_be_run():
    folder = node_environment("standardwebhooks@1.1.1")
    code = "import { Webhook } from 'standardwebhooks'; console.log(typeof Webhook)"
    argv = [node(), "--input-type=module", "-e", code]
    assert subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout == "function\n"
