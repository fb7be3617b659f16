"""Fitting: any credit file, the same bytes each time, and a plain sentence for a file that will not do."""

from __future__ import annotations

import csv
import io
import json
import random
from importlib.resources import files
from pathlib import Path

import pytest

from holdfast.cli.main import main
from holdfast.decisioning import credit_file, german, trained
from holdfast.decisioning.card import card_of
from holdfast.decisioning.credit_file import parse
from holdfast.decisioning.fitted import Fitted, Wishes
from holdfast.decisioning.fitting import fit
from holdfast.decisioning.measures import measure
from holdfast.decisioning.scorecard import pd
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput

GERMAN = Path(str(files("holdfast.decisioning"))) / "data" / "german" / "german.csv"


def generated(n: int = 3_000, seed: int = 7) -> str:
    """A file whose truth is known: the odds of a bad end double with each 1,000 less of income; the colour says nothing."""
    rng = random.Random(seed)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["no", "income", "delays", "region", "colour", "age", "note", "bad"])
    for number in range(n):
        income, delays, region = rng.uniform(1_000, 9_000), rng.choice([-9, 0, 0, 1, 2, 5]), rng.choice(["north", "south", "islet"])
        log_odds = 1.0 - 0.69 * income / 1_000 + (0.9 * delays if delays > 0 else 0) + (1.5 if region == "south" else 0)
        bad = int(rng.random() < 1 / (1 + 2.718281828**-log_odds))
        income_text = "" if rng.random() < 0.1 else f"{income:.2f}"
        rows.writerow([number + 1, income_text, delays, region, rng.choice("abc"), rng.randint(18, 80), f"n{number}", bad])
    return out.getvalue()


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(parse(generated(), "generated.csv"), "bad", name="generated")


def test_what_bears_on_the_outcome_is_used_and_what_does_not_is_left_out_with_its_reason(fitted: Fitted) -> None:
    assert {used.name for used in fitted.used} == {"income", "delays", "region"}
    left_out = dict(fitted.left_out)
    assert left_out["no"] == "a row number, not a characteristic"
    assert left_out["age"].startswith("protected attribute (age)")
    assert "identifier or a date" in left_out["note"]
    assert "below the floor" in left_out["colour"]


def test_points_only_rise_with_income_and_only_fall_with_delays(fitted: Fitted) -> None:
    by_name = {each.name: each for each in fitted.scorecard.characteristics}
    assert list(by_name["income"].points) == sorted(by_name["income"].points)
    assert list(by_name["delays"].points) == sorted(by_name["delays"].points, reverse=True)


def test_a_code_below_zero_and_a_missing_answer_have_points_of_their_own(fitted: Fitted) -> None:
    by_name = {each.name: each for each in fitted.scorecard.characteristics}
    assert set(by_name["delays"].codes) == {"-9"}
    assert [each.rows for used in fitted.used if used.name == "income" for each in used.bins if each.what == "missing"] != [0]


def test_as_many_bad_ends_are_expected_as_there_were_and_on_unseen_rows_nearly_so(fitted: Fitted) -> None:
    assert fitted.seen.observed_over_predicted == pytest.approx(1, abs=1e-4)
    fresh = trained.evaluate_on(fitted.scorecard, parse(generated(seed=8), "fresh.csv"))
    assert fresh.measures.observed_over_predicted == pytest.approx(1, abs=0.12)
    assert fresh.measures.auc > 0.85
    assert abs(fresh.measures.auc - fitted.unseen.auc) < 0.03


def test_the_same_file_gives_the_same_bytes_wherever_they_are_written(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for out in (first, second):
        trained.train(GERMAN, "bad", out)
    for name in (trained.SCORECARD, trained.CARD, trained.PAGE):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_order_of_the_rows_does_not_matter() -> None:
    text = GERMAN.read_text("utf-8")
    head, *rows = text.splitlines()
    backwards = "\n".join([head, *reversed(rows)])
    one, other = (fit(parse(each, "g.csv"), "bad", name="g") for each in (text, backwards))
    assert one.scorecard == other.scorecard


def test_the_shipped_scorecard_is_what_the_shipped_file_gives() -> None:
    again = fit(german.answers(), german.TARGET, name=german.NAME, wishes=german.wishes())
    folder = files("holdfast.decisioning") / "models" / german.NAME
    assert again.scorecard.content == (folder / trained.SCORECARD).read_bytes()
    assert canonical.encode(card_of(again, german.origin())) + b"\n" == (folder / trained.CARD).read_bytes()


def test_the_card_of_the_demonstration_says_first_that_it_is_one() -> None:
    card = json.loads((files("holdfast.decisioning") / "models" / german.NAME / trained.CARD).read_bytes())
    assert "DEMONSTRATION" in card["limits"][0] and "refitted on own data before production" in card["limits"][0]
    assert "CC BY 4.0" in card["data"]["licence"] and "Hofmann" in card["data"]["licence"]
    assert card["data"]["rows"] == 691 and card["data"]["bad"] == 211


def test_the_german_file_ranks_unseen_rows_as_well_as_the_literature_says_of_so_small_a_file() -> None:
    found = fit(parse(GERMAN.read_text("utf-8"), "german.csv"), "bad", name="german")
    assert found.unseen.auc > 0.75
    names = {used.name for used in found.used}
    assert "status_account" in names and not names & {"age", "foreign", "personal_status_and_sex"}


def test_a_protected_attribute_is_used_only_when_it_is_named() -> None:
    text = generated()
    with_age = fit(parse(text.replace("colour,age", "colour,sex"), "g"), "bad", name="g", wishes=Wishes(include=frozenset({"sex"})))
    assert not any("protected" in why for _, why in with_age.left_out)


def test_numbers_that_are_names_are_taken_as_words_when_asked() -> None:
    found = fit(parse(GERMAN.read_text("utf-8"), "g"), "bad", name="g", wishes=Wishes(levels=frozenset({"duration_months"})))
    kinds = {each.name: each.numeric for each in found.scorecard.characteristics}
    assert kinds["duration_months"] is False


def test_measures_by_hand() -> None:
    found = measure([0.1, 0.4, 0.4, 0.9], [0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    assert found.auc == 3.5 / 4
    assert found.ks == 0.5
    assert found.brier == pytest.approx((0.01 + 0.16 + 0.36 + 0.01) / 4)
    assert found.observed_over_predicted == pytest.approx(2 / 1.8)
    with pytest.raises(ValueError, match="both outcomes"):
        measure([1.0], [0.5], [1])


def rows(*lines: str, head: str = "x,bad") -> str:
    return "\n".join([head, *lines]) + "\n"


GOOD = [f"{n % 7},{int(n % 3 == 0)}" for n in range(150)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("x,bad\n", "no rows"),
        (rows(*GOOD, head="x,worse"), "no column 'bad'; its columns are x, worse"),
        (rows("1,1", "2,1"), "no row has a good end"),
        (rows("1,0", "2,0"), "no row has a bad end"),
        (rows("1,0", "2,yes"), "bad: line 3 says 'yes'; write 1 for a bad end"),
        (rows("1,0", "2,2"), "bad: line 3 says '2'"),
        (rows("1,0", "2,"), "bad: line 3 is empty"),
        (rows("1,0", "2,1"), "too few to fit on"),
        (rows(*GOOD, "many,1"), "x: line 152 says 'many' in a column of numbers; mend the cell or leave it empty"),
        (rows(*GOOD, "1,2,3"), "line 152 has 3 fields, the first line names 2"),
        (rows(*GOOD, head="bad,bad"), "'bad' stands twice"),
        (rows(*[f"1,{n % 2}" for n in range(200)]), "no column of the file tells anything"),
    ],
)  # fmt: skip
def test_a_file_that_will_not_do_is_refused_with_its_place_and_the_mend(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f.csv").write_text(text, "utf-8")
    assert main(["model", "train", str(tmp_path / "f.csv"), "--target", "bad", "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(rows(*GOOD), "utf-8")
    assert main(["model", "train", str(tmp_path / "f.csv"), "--target", "bad", "--out", str(tmp_path / "f.csv")]) == 2
    assert main(["model", "train", str(tmp_path / "none.csv"), "--target", "bad", "--out", str(tmp_path / "out")]) == 2
    assert main(["model", "train", str(GERMAN), "--target", "bad", "--out", str(tmp_path / "out"), "--include", "shoe"]) == 2
    assert main(["model", "evaluate", str(tmp_path), str(GERMAN), "--json"]) == 2


def test_evaluate_prints_one_object_and_names_an_absent_column_and_a_word_among_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["model", "train", str(GERMAN), "--target", "bad", "--out", str(out), "--json"]) == 0
    said = capsys.readouterr().out
    assert "left out  age" in said and "protected attribute (age)" in said
    assert json.loads(said.splitlines()[-1])["left_out"]["foreign"].startswith("protected")
    assert main(["model", "evaluate", str(out), str(GERMAN), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"auc", "ks", "brier", "observed_over_predicted", "n", "p99_us"}
    assert found["n"] == 691 and 0.7 < found["auc"] < 0.9 and found["p99_us"] < 1_000

    text = GERMAN.read_text("utf-8")
    for broken, told in (
        (text.replace("duration_months", "months", 1), "no column 'duration_months'"),
        (text.replace("A12,48,", "A12,long,", 1), "duration_months: line 2 says 'long'"),
        (text.replace(",bad\n", ",worse\n", 1), "no column 'bad'"),
        (text.splitlines()[0] + "\n", "no rows"),
    ):
        (tmp_path / "broken.csv").write_text(broken, "utf-8")
        assert main(["model", "evaluate", str(out), str(tmp_path / "broken.csv"), "--json"]) == 2
        assert told in capsys.readouterr().err


def test_a_file_of_either_encoding_and_separator_is_read(tmp_path: Path) -> None:
    text = "\n".join(["年限;bad", *(line.replace(",", ";") for line in GOOD)])
    for encoding in ("utf-8-sig", "gb18030"):
        (tmp_path / "f.csv").write_bytes(text.encode(encoding))
        assert credit_file.read(tmp_path / "f.csv").names == ("年限", "bad")
    (tmp_path / "f.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadInput, match="CSV in UTF-8"):
        credit_file.read(tmp_path / "f.csv")


def test_the_measured_chances_are_those_that_the_score_stands_for() -> None:
    card = trained.shipped(german.NAME)
    milli = [card.milli_of(row) for row in credit_file.answers_of(german.answers(), card)]
    expected = sum(pd(each, card.scale) for each in milli)
    assert expected == pytest.approx(211, abs=0.05)
