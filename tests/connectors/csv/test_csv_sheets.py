import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.csv.reading.sheets import UnreadableError, read


def rows(content):
    return [(row.line, list(row.cells.values())) for row in read(content).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_reads_alike_in_every_encoding(encoding, ending):
    content = ending.join(["id,name", "1,Zoë & Søn", "2,Çelik", ""]).encode(encoding)
    assert read(content).columns == ("id", "name")
    assert rows(content) == [(2, ["1", "Zoë & Søn"]), (3, ["2", "Çelik"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_rows_equally_wide(delimiter):
    lines = [["id", "amount", "note"], ["1", '"1.234,50"', '"a, b; c"'], ["2", '"99,00"', "d"]]
    content = "\n".join(delimiter.join(line) for line in lines).encode()
    assert read(content).delimiter == delimiter
    assert rows(content)[0] == (2, ["1", "1.234,50", "a, b; c"])


def test_a_line_that_announces_the_delimiter_is_no_header():
    assert rows(b"sep=;\r\nid;name\r\n1;a,b\r\n") == [(3, ["1", "a,b"])]


def test_a_row_is_named_by_the_line_it_begins_on():
    content = b'\n\nid,note\n1,"two\nlines"\n\n2,one\n'
    assert rows(content) == [(4, ["1", "two\nlines"]), (7, ["2", "one"])]


def test_a_quote_never_closed_spoils_its_own_line_only():
    content = b'id,note\n1,fine\n2,"never closed\n3,fine\n4,fine\n'
    found = [(row.line, row.fault) for row in read(content).rows()]
    assert found == [(2, ""), (3, "opens a quote that is never closed."), (4, ""), (5, "")]


def test_an_inch_mark_in_an_unquoted_value_is_a_character():
    assert rows(b'id,note\n1,a 5" screen\n') == [(2, ["1", 'a 5" screen'])]


def test_rows_of_another_width_are_faulty_and_keep_their_cells():
    faults = [row.fault for row in read(b"a,b\n1\n1,2,3\n1,2,\n1,2\n").rows()]
    assert [bool(fault) for fault in faults] == [True, True, False, False]
    assert "cut off" in faults[0]
    assert "3 cells" in faults[1]


def test_columns_of_one_name_stay_apart():
    assert read(b"id,note,note,\n1,a,b,c\n").columns == ("id", "note", "note (again)", "column 4")


@pytest.mark.parametrize("content", [b"", b"\n \n", b"PK\x03\x04rest", b"%PDF-1.7", b"\x1f\x8b\x08", b"a\0b\0\0\0c"])
def test_what_is_no_table_is_refused_with_a_reason(content):
    with pytest.raises(UnreadableError, match=r"\.$"):
        read(content)


def test_one_spoiled_line_in_a_utf8_file_is_refused_and_the_rest_read():
    content = "id,name\n1,Zoë\n2,Søn\n3,Çelik\n".encode() + b"4,Jos\xe9\n"
    found = [(row.cells["name"], bool(row.fault)) for row in read(content).rows()]
    assert found == [("Zoë", False), ("Søn", False), ("Çelik", False), ("Jos\ufffd", True)]


def test_a_replacement_character_that_the_source_itself_wrote_is_kept():
    row = next(read("id,name\n1,M\ufffdller\n".encode()).rows())
    assert (row.cells["name"], row.fault) == ("M\ufffdller", "")


def test_a_null_character_late_in_a_file_is_dropped():
    content = b"id,name\n" + b"1,Acme\n" * 20_000 + b"2,Bir\0ch\n"
    assert rows(content)[-1] == (20_002, ["2", "Birch"])


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_whatever_the_csv_writer_wrote_is_read_back(records):
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([("id", "one", "two"), *((n, *record) for n, record in enumerate(records))])
    found = [tuple(row.cells.values()) for row in read(out.getvalue().encode()).rows()]
    assert found == [(str(n), *record) for n, record in enumerate(records)]
