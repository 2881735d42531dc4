"""What the paper reports, read back: a figure of every table, and that no section is left out."""

from __future__ import annotations

from facekp_train.evaluation.published import (
    FIGURES,
    TABLES,
    processors,
    published_mse,
    published_phones,
    published_systems,
)


def test_every_table_and_figure_is_there() -> None:
    tables = {f"table {number}" for number in range(1, 7)}
    assert set(FIGURES) == {"paper", *tables, "figure 4", "figure 5", "figure 6"}
    sources = ["table 3", "table 4", "figure 4", "figure 5", "figure 6"]
    assert {source: len(published_mse(source)) for source in sources} == {
        "table 3": 3, "table 4": 3, "figure 4": 1, "figure 5": 3, "figure 6": 4,
    }  # fmt: skip


def test_tables_1_and_2_name_every_system() -> None:
    w300, aflw = TABLES["300w"], TABLES["aflw"]
    assert (len(w300.nme), len(w300.others), len(aflw.nme), len(aflw.others)) == (6, 24, 3, 14)
    assert w300.nme["0.25X", "inter_pupil"] == {"common": 3.36, "challenging": 6.78, "full": 3.98}
    assert w300.others["PFLD 1X", "inter_pupil"] == {"common": 3.32, "challenging": 6.56, "full": 3.95}
    assert w300.others["SDM", "inter_pupil"] == {"full": 7.50}
    assert aflw.others["SAN", "face_box"] == {"full": 1.91}


def test_table_5_has_sizes_and_times() -> None:
    systems = published_systems()
    assert list(systems) == ["sdm", "san", "lab", "pfld-0.25x", "pfld-1x", "mdp-0.25x", "mdp-1x"]
    assert systems["san"].megabytes == sum(FIGURES["table 5"]["systems"][1]["parts"])
    assert systems["mdp-0.25x"].milliseconds == {"C": 2, "G": 1.9, "A": 12}
    assert {letter for system in systems.values() for letter in system.milliseconds} == set(processors())


def test_table_6_has_three_phones() -> None:
    phones = published_phones()
    assert [phone.milliseconds["0.25X"] for phone in phones.values()] == [19, 13, 11]
    assert phones["snapdragon-855"].cores == ((1, 2.84), (3, 2.42), (4, 1.78))
    assert [sum(count for count, _ in phone.cores) for phone in phones.values()] == [8, 8, 8]
