"""The command says what is missing and what it did, in one sentence or in JSON, and is quick to answer."""

import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import cli
from pipelines.identity import new_keys
from pipelines.registers import REGISTERS
from pipelines.release import WAREHOUSE, build, publish
from schemas.contract import load
from tests.pipelines.release.drawn import AS_OF, FACTS, drawn_tables, rows_of, table_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def effekt(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty directory; its exit code, standard output and standard error."""
    for name in ("EFFEKT_HOME", "EFFEKT_KEYS", "EFFEKT_SYNTHETIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["effekt", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    return run


def test_help_costs_less_than_half_a_second_of_computing():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    commands = ("check", "template", "pseudonymise", "world", "run", "verify", "report", "plan", "keys")
    assert all(command in done.stdout for command in commands)
    assert after.ru_utime - before.ru_utime < 0.5


def test_a_run_names_the_first_thing_that_is_missing_and_writes_nothing(effekt, tmp_path):
    def missing() -> str:
        before = sorted(tmp_path.rglob("*"))
        code, out, err = effekt("run")
        assert (code, out, err.count("\n"), sorted(tmp_path.rglob("*"))) == (1, "", 1, before)
        return err

    assert "effekt keys new" in missing()
    new_keys(tmp_path / ".keys")
    assert "effekt pseudonymise FILE --as KIND" in missing()
    (tmp_path / "var" / "deliveries" / "one").mkdir(parents=True)
    (tmp_path / "var" / "home.json").write_text('{"synthetic": true}')
    (tmp_path / "var" / ".lock").touch()
    for register in REGISTERS:
        told = missing()
        assert f"the register {register} is not in" in told
        assert f"{register}<year>.parquet" in told
        assert "effekt world" in told
        (tmp_path / "var" / "registers").mkdir(exist_ok=True)
        (tmp_path / "var" / "registers" / f"{register.lower()}2010.PARQUET").touch()


def test_a_home_that_contradicts_what_was_asked_for_is_refused(effekt, tmp_path, monkeypatch):
    new_keys(tmp_path / ".keys")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "home.json").write_text('{"synthetic": false}')
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "1")
    code, _, err = effekt("run")
    assert code == 1
    assert "the two never mix" in err


def test_the_sample_is_refused_where_real_numbers_were_asked_for(effekt, tmp_path, monkeypatch):
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "0")
    code, _, err = effekt("run", "--sample")
    assert code == 1
    assert "EFFEKT_SYNTHETIC=0" in err
    assert not (tmp_path / "var").exists()


def test_keys_are_made_once(effekt, tmp_path):
    code, out, _ = effekt("keys", "new", "--json")
    assert code == 0
    assert set(json.loads(out)) == {"keys", "company", "person"}
    code, out, err = effekt("keys", "new")
    assert (code, out) == (1, "")
    assert "already holds keys" in err


FILE = "Aktør;Projekt\n".encode()


@pytest.mark.parametrize("command", ["check", "pseudonymise"])
def test_an_unknown_kind_is_answered_with_the_known_ones(effekt, tmp_path, command):
    (tmp_path / "file.csv").write_bytes(FILE)
    code, out, err = effekt(command, "file.csv", "--as", "companies")
    assert (code, out) == (1, "")
    assert "company_participations" in err


def test_a_file_goes_through_check_and_gateway_and_its_receipt_adds_up(effekt, tmp_path):
    new_keys(tmp_path / ".keys")
    headers = [column.label for column in load("deliveries.initiatives").columns if column.asked]
    rows = [headers, ["X"] * len(headers), [""] * len(headers)]
    (tmp_path / "one_initiatives_2010.csv").write_text("\n".join(";".join(row) for row in rows))
    code, out, _ = effekt("check", "one_initiatives_2010.csv", "--as", "initiatives", "--json")
    found = json.loads(out)
    assert code == 1
    assert found["read"] == found["accepted"] + found["quarantined"]
    assert all({"row", "rule", "column", "reason"} <= set(finding) for finding in found["findings"])
    assert not (tmp_path / "var").exists()
    code, out, _ = effekt("pseudonymise", "one_initiatives_2010.csv", "--as", "initiatives", "--json")
    receipt = json.loads(out)
    assert (code, receipt["status"]) == (0, "taken")
    assert receipt["read"] == receipt["accepted"] + receipt["quarantined"] == found["read"]
    code, out, _ = effekt("pseudonymise", "one_initiatives_2010.csv", "--as", "initiatives")
    assert code == 0
    assert out.startswith("duplicate: ")


COMPANIES = "CVR-nr.;Projekt;Startdato;Slutdato;Tilskud (kr.)\n01000004;P1;01-05-2010;;5\n"
NAME = "nord_company_participations_2010.csv"


def checked(effekt, *words: str) -> tuple[int, str, str]:
    return effekt("check", NAME, "--as", "company_participations", *words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), ("1 række · CVR-nr. · cvr_check_digit", "række 3", "Sådan rettes det: Slå virksomheden op", "Intet er gemt.")),
        (("--language", "en"), ("1 row · cvr · cvr_check_digit", "row 3", "How to mend it: Look the company up", "Nothing was stored.")),
    ],
)
def test_check_tells_row_rule_column_and_how_to_mend_it_in_either_language(effekt, tmp_path, monkeypatch, words, told):
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "1")
    (tmp_path / NAME).write_text(COMPANIES + "01000005;P1;01-05-2010;;5\n")
    code, out, err = checked(effekt, *words)
    assert (code, err) == (1, "")
    assert all(words in out for words in told)
    assert "0100000" not in out
    assert sorted(tmp_path.iterdir()) == [tmp_path / NAME]


def test_check_as_json_is_the_receipt_with_every_finding_and_how_to_mend_it(effekt, tmp_path, monkeypatch):
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "1")
    (tmp_path / NAME).write_text(COMPANIES + "01000005;P1;01-05-2010;;5\n")
    found = json.loads(checked(effekt, "--json", "--language", "en")[1])
    expected = {"status": "taken", "read": 2, "accepted": 1, "quarantined": 1, "by_rule": {"cvr_check_digit": 1}, "delivery": None, "key_id": None}
    assert {name: found[name] for name in expected} == expected
    (one,) = found["findings"]
    assert (one["row"], one["rule"], one["column"]) == (3, "cvr_check_digit", "cvr")
    assert one["mend"].startswith("Look the company up")
    assert (found["warnings"], found["waiting"]) == ({}, [])


def test_a_refusal_is_told_in_the_language_and_as_json_in_both(effekt, tmp_path):
    (tmp_path / NAME).write_text("CVR-nr.;Projekt;Startdato;Tilskud (kr.)\n")
    code, out, _ = checked(effekt)
    assert (code, out) == (1, "Afvist: kolonnerne »Slutdato« mangler; »Virksomhedsdeltagelser« skal have »CVR-nr.«, »Projekt«, "
                              "»Startdato«, »Slutdato«, »Tilskud (kr.)«\n")
    assert checked(effekt, "--language", "en")[1].startswith("Refused: the columns end are missing; company_participations must have")
    found = json.loads(checked(effekt, "--json")[1])
    assert (found["status"], found["findings"]) == ("refused", [])
    assert found["reason"].startswith("the columns end are missing")
    assert found["reason_da"].startswith("kolonnerne »Slutdato« mangler")


def test_an_unknown_project_is_a_warning_and_no_reason_to_exit_with_1(effekt, tmp_path, monkeypatch):
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "1")
    new_keys(tmp_path / ".keys")
    (tmp_path / "nord_projects_2010.csv").write_text("Projekt;Initiativ\nP8;I1\n")
    assert effekt("pseudonymise", "nord_projects_2010.csv", "--as", "projects")[0] == 0
    (tmp_path / NAME).write_text(COMPANIES)
    code, out, _ = checked(effekt)
    assert code == 0
    assert "1 række · Projekt · unknown_project" in out
    assert "Advarsel, ingen fejl" in out
    found = json.loads(checked(effekt, "--json")[1])
    assert (found["warnings"], found["quarantined"]) == ({"unknown_project": 1}, 0)
    assert [(one["row"], one["rule"]) for one in found["waiting"]] == [(2, "unknown_project")]
    code, out, _ = effekt("pseudonymise", NAME, "--as", "company_participations")
    assert code == 0
    assert "warning: unknown_project: 1 rows wait" in out


def test_each_status_of_a_receipt_is_told_as_json(effekt, tmp_path, monkeypatch):
    monkeypatch.setenv("EFFEKT_SYNTHETIC", "1")
    new_keys(tmp_path / ".keys")
    header = COMPANIES.splitlines()[0]
    texts = {"taken": COMPANIES + "01000005;P1;01-05-2010;;5\n", "empty": header, "duplicate": header, "refused": header + ";x"}
    for status, text in texts.items():
        (tmp_path / NAME).write_text(text)
        code, out, err = effekt("pseudonymise", NAME, "--as", "company_participations", "--json")
        receipt = json.loads(out)
        assert (code or 0, err, receipt["status"]) == (int(status == "refused"), "", status)
        assert {"read", "accepted", "quarantined", "by_rule", "delivery", "key_id"} <= receipt.keys()
        rows = (2, 1, 1, {"cvr_check_digit": 1}) if status == "taken" else (0, 0, 0, {})
        assert tuple(receipt[name] for name in ("read", "accepted", "quarantined", "by_rule")) == rows
        assert (receipt["delivery"] is None) == (status == "refused")
        assert receipt["key_id"]


def test_ten_thousand_bad_rows_are_checked_and_told_within_three_seconds(effekt, tmp_path):
    (tmp_path / NAME).write_text(COMPANIES + "".join(f"1234567{n % 10};P{n};32-05-2010;;-5\n" for n in range(10_000)))
    started = time.perf_counter()
    code, out, _ = checked(effekt)
    assert code == 1
    assert time.perf_counter() - started < 3
    assert out.count("\n") < 40


def test_a_language_that_is_not_spoken_is_an_error_of_one_sentence(effekt, tmp_path):
    (tmp_path / NAME).write_text(COMPANIES)
    for words in (("check", NAME, "--as", "company_participations"), ("template", "targets")):
        code, out, err = effekt(*words, "--language", "de")
        assert (code, out, err) == (1, "", "effekt: that language is not spoken here: --language takes da or en\n")
    assert sorted(tmp_path.iterdir()) == [tmp_path / NAME]


def test_a_template_is_written_once_and_replaced_only_when_asked_to(effekt, tmp_path):
    code, out, _ = effekt("template", "targets")
    assert code == 0
    assert out.startswith("targets.xlsx: ")
    before = (tmp_path / "targets.xlsx").read_bytes()
    code, out, err = effekt("template", "targets", "--language", "en")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "--overwrite" in err
    assert (tmp_path / "targets.xlsx").read_bytes() == before
    code, out, _ = effekt("template", "targets", "--language", "en", "--overwrite", "--json")
    assert (code, json.loads(out)) == (0, {"template": "targets.xlsx", "kind": "targets", "language": "en"})
    assert (tmp_path / "targets.xlsx").read_bytes() != before
    assert effekt("template", "companies")[0] == 1


def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch, capsys):
    (tmp_path / NAME).write_text(COMPANIES)
    with cli._waiting(tmp_path / NAME):
        pass
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with cli._waiting(tmp_path / NAME):
        pass
    out, err = capsys.readouterr()
    assert out == ""
    assert "reading 0.0 MB" in err


def test_a_file_that_is_not_there_is_refused_with_exit_code_1(effekt, tmp_path):
    new_keys(tmp_path / ".keys")
    code, out, _ = effekt("pseudonymise", "none.csv", "--as", "projects")
    assert (code, out) == (1, "refused: there is no such file\n")


def test_raw_deliveries_never_go_into_the_home(effekt, tmp_path):
    new_keys(tmp_path / ".keys")
    code, _, err = effekt("world", "--scale", "tiny", "--deliveries", "var/raw")
    assert code == 1
    assert "never lie inside the home" in err
    assert not (tmp_path / "var").exists()


@pytest.fixture
def released(tmp_path):
    jobs = table_of("effect.jobs", [{
        "initiative_type": "tourism", "event_time": "2", "n_treated": "7", "n_not_estimated": "1", "gross": "12.4",
        "deadweight": "8.3", "net": "4.1", "net_low": "-1.2", "net_high": "9.4", "cost_per_net_job": "123456.7",
        "cost_low": "12500.1", "cost_set": "unbounded",
    }])
    summary = table_of("effect.summary", [
        {"initiative_type": "tourism", "unit": "company", "outcome": "fte", "horizon": horizon, "headline": headline, "leading": headline,
         "n_treated": "7", "n_control": "30", "n_not_estimated": "1", "verdict": "too_few_to_tell"}
        for horizon, headline in (("1", "false"), ("2", "true"))
    ])
    tables = drawn_tables(effect__jobs=jobs, effect__summary=summary)
    return publish(build(tables, tmp_path / "var", AS_OF, FACTS))


def test_a_sound_release_is_verified_and_an_unsound_one_is_exit_code_1(effekt, released):
    assert effekt("verify")[:2] == (0, f"release {released.id} is sound\n")
    (released.path / "public" / "extra").touch()
    code, out, _ = effekt("verify", "--json")
    assert code == 1
    expected = {"where": "public/extra", "rule": "files", "detail": "is not in the manifest"}
    assert json.loads(out)["findings"] == [expected]


def test_the_result_of_a_run_is_a_table_of_the_headline(effekt, released, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    cli._show_result(tmp_path / "var", False, {})
    out = capsys.readouterr().out
    rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    cells = {name: figures for name, *figures in rows if figures}
    tourism = next(found for name, found in cells.items() if name.startswith("Tourism"))
    assert tourism == ["7", "12", "8", "4", "−1 to 9", "from 13, no upper bound", "too few to tell"]
    assert cells["All types, each company once"][:2] == ["3", "4.2"]
    assert f"var/releases/current/{WAREHOUSE}" in out
    assert "effekt verify" in out


def test_with_json_the_result_is_nothing_but_json(effekt, released, tmp_path, capsys):
    cli._show_result(tmp_path / "var", True, {"release": released.id})
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == {"release": released.id}
    assert [row["net"] for row in found["results"]] == [4.1, 2.25]


def test_an_error_of_someone_elses_making_is_told_without_its_text(effekt, monkeypatch):
    def broken(**_):
        return pa.array(["secret"]).cast(pa.int32())

    monkeypatch.setattr(cli, "_settings", broken)
    code, out, err = effekt("verify")
    assert (code, out) == (1, "")
    assert "unexpected ArrowInvalid at cli.py line" in err
    assert "secret" not in err


def test_a_report_that_was_not_rendered_is_an_error_and_one_that_was_is_named(effekt, released):
    assert effekt("report")[0] == 1
    (released.path / "report" / "index.html").touch()
    assert effekt("report")[:2] == (0, "var/releases/current/report/index.html\n")


def test_a_run_that_failed_prints_its_summary_as_json_and_no_result(effekt, released, monkeypatch):
    monkeypatch.setattr(cli, "_require_everything", lambda settings: None)
    monkeypatch.setattr(cli, "_run_nightly", lambda settings: {"success": False, "errors": {"firm": "gone"}})
    code, out, _ = effekt("run", "--json")
    assert code == 1
    assert json.loads(out) == {"run": {"success": False, "errors": {"firm": "gone"}}}


EFFECTS = """
    initiative_type  att  se   n_treated  n_control  effective_controls  verdict
    food             2.0  0.3  100        400        250                 effect
    maritime         1.0  0.3  100        400        250                 effect
    tourism          0.0  0.3  100        400        250                 no_effect
"""


@pytest.fixture
def plannable(tmp_path):
    """A published release with an effect for three types."""
    company = {"unit": "company", "outcome": "fte", "n_not_estimated": "0"}
    rows = [row | company for row in rows_of(EFFECTS)]
    jobs = [{"initiative_type": row["initiative_type"], "event_time": "2", "n_treated": "100", "n_not_estimated": "0", "gross": "300",
             "support_dkk": "10000000", "cost_set": "bounded"} for row in rows]
    link = {"initiative_type": "food", "indicator": "participants", "link": "activity", "position": "1", "name_en": "Companies",
            "name_da": "Virksomheder", "measure_unit": "companies", "source": "participations", "basis": "count"}
    tables = drawn_tables(
        effect__summary=table_of("effect.summary", [row | {"horizon": "2", "headline": "true", "leading": "true"} for row in rows]),
        effect__event_time=table_of("effect.event_time", [row | {"event_time": "2"} for row in rows]),
        effect__jobs=table_of("effect.jobs", jobs), chain__link=table_of("chain.link", [link]),
    )
    return publish(build(tables, tmp_path / "var", AS_OF, FACTS))


def test_a_plan_is_told_in_words_and_in_json_and_writes_a_draft(effekt, plannable, tmp_path):
    code, out, _ = effekt("plan", "--type", "food", "--participants", "50", "--json", "--draft", "draft.csv")
    plan = json.loads(out)
    assert code == 0
    assert {"expected_net", "low", "high", "power", "minimum_detectable", "participants_needed"} <= set(plan)
    assert plan["low"] < plan["expected_net"] < 100 < plan["high"]
    assert plan["minimum_detectable"] == pytest.approx(2.8 * (45 / 7 * 0.026) ** 0.5)
    assert (tmp_path / "draft.csv").read_text(encoding="utf-8") == "Projekt;Indikator;Mål\nNYT-PROJEKT;participants;50\n"
    code, out, _ = effekt("plan", "--type", "food", "--participants", "5", "--language", "en", "--target", "8")
    assert code == 0
    assert "The project is too small to be measured alone" in out
    assert "The target of 8.0 jobs net is reached with a probability of" in out
    assert "company_participations: cvr*, project*, start*" in out
    assert "for lille til at blive målt alene" in effekt("plan", "--type", "maritime", "--participants", "5")[1]


def test_a_plan_that_cannot_be_made_says_why_in_one_sentence(effekt, plannable, tmp_path):
    asked = {
        ("--type", "unknown", "--participants", "5"): "growth_programme",
        ("--type", "food", "--participants", "0"): "at least one participant",
        ("--type", "food", "--participants", "5", "--horizon", "6"): "0 to 5 years",
        ("--type", "food", "--participants", "5", "--size-mix", "large"): "levels with their shares",
        ("--type", "food", "--participants", "5", "--language", "de"): "da or en",
        ("--type", "food", "--participants", "5", "--home", "elsewhere"): "no release",
    }
    for words, told in asked.items():
        code, out, err = effekt("plan", *words)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert told in err
