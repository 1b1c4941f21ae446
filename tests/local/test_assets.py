import json
import re

import pytest

from app.local import assets


@pytest.fixture(scope="module")
def vendor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static") / "vendor"
    assert assets.copy_assets(vendor=folder) is True
    return folder


def test_the_pinned_files_are_copied_and_nothing_else(vendor):
    names = {path.name for path in vendor.iterdir()} - {assets.STAMP}
    assert names == {"tabler.min.css", "tabler.min.js", "htmx.min.js", "echarts.common.min.js"}


def test_the_chart_library_has_what_the_charts_need(vendor):
    library = (vendor / "echarts.common.min.js").read_text()
    for part in ('"series.line"', '"series.__base_bar__"', '"series.scatter"', '"aria"', '"svg"'):
        assert part in library


def test_nothing_is_fetched_when_the_files_of_this_lock_are_there(vendor, monkeypatch):
    monkeypatch.setattr(assets, "_npm", lambda: pytest.fail("npm was called"))
    assert assets.copy_assets(vendor=vendor) is False


def test_a_missing_file_is_fetched_again(vendor, monkeypatch):
    (vendor / "htmx.min.js").rename(vendor.parent / "htmx.min.js")
    asked = []
    monkeypatch.setattr(assets, "_npm", lambda: asked.append(1) or ["false"])
    with pytest.raises(Exception, match="false"):
        assets.copy_assets(vendor=vendor)
    (vendor.parent / "htmx.min.js").rename(vendor / "htmx.min.js")
    assert asked


def test_the_lock_is_exact_and_names_no_registry():
    lock = (assets.ROOT / "package-lock.json").read_text()
    wanted = json.loads((assets.ROOT / "package.json").read_text())["dependencies"]
    assert '"resolved"' not in lock
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
