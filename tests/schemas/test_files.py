"""The files of the room: valid contracts in plain words, code tables that fit them, a dictionary that is current."""

import collections
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from schemas.contract import HERE, ROOMS, codes, contracts, dictionary, load

FILES = sorted(HERE.glob("*/*.odcs.yaml"))
TABLES = [contract for room in ROOMS for contract in contracts(room)]
COLUMNS = [(contract, column) for contract in TABLES for column in contract.columns]
CODE_TABLES = sorted(path.stem for path in (HERE / "codes").glob("*.csv"))

WAREHOUSE = {
    "participation": "initiative project target company person contact contact_summary contact_pair delivery quarantine",
    "panel": "firm_year person_quarter company_cohort person_cohort match_loss firm_half_year firm_quarter",
    "effect": "group_time event_time summary subgroup comparison total jobs jobs_by_year balance support sensitivity displacement",
    "chain": "link result",
    "meta": "run table column",
}
STORE = """matching.sample register.firm register.firm_employment register.person_employment register.population register.education
    matching.pair panel.entry effect.influence effect.gross register.succession
    register.person_followed register.vat_half_year register.firm_quarter"""
REGION_SIZES = {"1081": 11, "1082": 19, "1083": 22, "1084": 29, "1085": 17}
QUARANTINE_RULES = """missing_value cvr_check_digit cvr_format cpr_impossible cpr_replacement synthetic_in_real
    real_in_synthetic date_impossible date_out_of_range end_before_start unknown_code unknown_project unknown_initiative
    repeated_row formula negative_amount number_impossible raw_number_in_text"""


@pytest.fixture(scope="module")
def standard():
    return jsonschema.Draft201909Validator(json.loads(OpenDataContractStandard.json_schema()))


@pytest.mark.parametrize("room", ROOMS)
def test_every_file_is_a_valid_open_data_contract_of_version_3_1(room, standard):
    for path in sorted((HERE / room).glob("*.odcs.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        wrong = [f"{path.name}: {error.json_path} {error.message}" for error in standard.iter_errors(document)]
        assert not wrong
        read = OpenDataContractStandard(**document)
        assert (read.apiVersion, read.kind) == ("v3.1.0", "DataContract")
        later = {"synonyms", "enum", "semanticType"}  # of version 3.2
        assert not any(later & set(column) for column in document["schema"][0]["properties"])


def test_the_standard_would_refuse_a_misspelt_property(standard):
    document = yaml.load(FILES[0].read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    document["schema"][0]["properties"][0]["descriptoin"] = "x"
    assert not standard.is_valid(document)


def test_files_are_named_by_their_table():
    for path in FILES:
        room, stem = path.parent.name, path.name.removesuffix(".odcs.yaml")
        name = f"{room}.{stem}" if room in ("deliveries", "registers") else stem
        assert load(name).room == room


def test_every_table_that_others_rely_on_has_a_contract_and_no_other_has():
    promised = [f"{schema}.{table}" for schema, tables in WAREHOUSE.items() for table in tables.split()]
    assert sorted(promised) == [contract.name for contract in contracts("warehouse")]
    assert sorted(STORE.split()) == [contract.name for contract in contracts("store")]
    kinds = "company_contacts company_participations initiatives person_participations projects targets"
    assert [contract.name.split(".")[1] for contract in contracts("deliveries")] == kinds.split()
    assert [contract.name.split(".")[1] for contract in contracts("registers")] == ["BEF", "BFL", "FIKS", "FIRM", "LONG_DEMO", "UDDA"]


def test_columns_that_are_read_from_outside_are_there():
    promised = {
        "panel.firm_year": "company year fte paid_hours turnover value_added exports alive",
        "effect.event_time": "initiative_type unit outcome event_time att se low high n_treated n_control",
        "effect.summary": "initiative_type unit outcome horizon att se low high n_treated n_control verdict "
        "minimum_detectable",
        "effect.jobs": "initiative_type event_time n_treated n_not_estimated gross deadweight net net_low net_high "
        "support_dkk cost_per_net_job cost_low cost_high cost_set",
        "effect.jobs_by_year": "initiative_type year n_treated n_not_estimated gross deadweight net net_low net_high "
        "support_dkk cost_per_net_job cost_low cost_high cost_set",
        "chain.result": "initiative_type link indicator target achieved net low high status as_of",
    }
    for table, columns in promised.items():
        assert set(columns.split()) <= {column.name for column in load(table).columns}, table


def test_register_columns_carry_the_registers_own_names():
    documented = {
        "FIRM": "CVRNR HOVED_CVR_NR GF_AARSV GF_ANSATTE GF_INKLEJER GF_OMS GF_VTV GF_EKSP GF_LGAGMV GF_BRANCHE "
        "JUR_VIRK_FORM JUR_SEKTORKODE JUR_BEL_KOM_KODE JUR_BEL_REGION_KODE JUR_FRA_DATO JUR_TIL_DATO",
        "BFL": "PNR AJO_CVR_NR_FRA_PROD_JOB AJO_ARB_KOMKODE AJO_BRANCHE07 AJO_LOENTIMER AJO_FULDTID_BESKAEFTIGET "
        "AJO_SMALT_LOENBELOEB AJO_BREDT_LOENBELOEB AJO_LOENTIME_KODE AJO_JOB_START_DATO AJO_JOB_SLUT_DATO SEKTORKODE",
        "BEF": "PNR REFERENCETID FOED_DAG KOEN KOM REG CIVST IE_TYPE OPR_LAND",
        "UDDA": "PNR HFAUDD HF_VFRA",
    }
    for register, columns in documented.items():
        assert [column.name for column in load(f"registers.{register}").columns] == columns.split()


def test_every_column_is_described_in_a_sentence_and_named_in_danish():
    for contract, column in COLUMNS:
        where = f"{contract.name}.{column.name}"
        assert re.fullmatch(r"[A-Z].{20,}\.", column.description), where
        assert not re.match(r"The \w+ of (the )?\w+\.$", column.description), where
        assert column.label, where
    assert all(re.fullmatch(r"[A-Z].{20,}\.", contract.description) for contract in TABLES)


def test_money_says_in_which_prices():
    told = ("current DKK", "2015 prices")
    money = [
        (t, c) for t, c in COLUMNS if c.name.endswith("_dkk") or c.name in ("turnover", "wage", "wages", "exports")
    ]
    assert len(money) > 15
    assert [f"{t.name}.{c.name}" for t, c in money if not any(words in c.description for words in told)] == []


def test_every_code_list_that_a_column_names_exists_and_every_label_is_unique():
    named = {column.codes for _, column in COLUMNS if column.codes}
    assert named <= set(CODE_TABLES)
    for contract in contracts("deliveries"):
        headers = [word for c in contract.columns for word in {c.name, c.label, *c.synonyms}]
        headers = [header.casefold() for header in headers]
        clash = [
            (a.name, b.name)
            for a in contract.columns
            for b in contract.columns
            if a.name < b.name and _headers(a) & _headers(b)
        ]
        assert clash == [], contract.name
        assert len(headers) > len(contract.columns)


def _headers(column) -> set[str]:
    return {header.casefold() for header in (column.name, column.label, *column.synonyms)}


def test_numbers_of_people_and_firms_are_classified():
    for contract, column in COLUMNS:
        if contract.room == "deliveries":
            assert (column.classification == "raw") == (column.name in ("cvr", "cpr", "employer_cvr"))
        elif column.name in ("company", "person", "employer", "treated", "control", "unit_id", "PNR", "CVRNR",
                             "predecessor", "successor", "followed", "number"):
            assert column.classification == "pseudonym", (contract.name, column.name)
        else:
            assert column.classification in (None, "pseudonym")


KEY_OF = {"chain_links": ["initiative_type", "indicator"], "headlines": ["initiative_type", "unit"]}
MAY_BE_EMPTY = {
    "breaks": ["outcomes"],  # a break of places or industries is no outcome's
    "municipalities": ["region", "commuting_area"],
    "chain_links": ["outcome", "event_time", "expected_sign"],  # a count has no estimand
}


@pytest.mark.parametrize("name", CODE_TABLES)
def test_a_code_list_has_distinct_codes_and_no_empty_cell(name):
    table = codes(name)
    listed = list(zip(*table.select(KEY_OF.get(name, table.column_names[:1])).to_pydict().values(), strict=True))
    assert len(set(listed)) == len(listed) > 0
    assert [column for column in table.column_names if table[column].null_count] == MAY_BE_EMPTY.get(name, [])
    assert "\ufffd" not in str(table.to_pylist())


def test_there_are_98_municipalities_each_in_its_region_and_about_29_commuting_areas():
    rows = codes("municipalities").to_pylist()
    inside = [row for row in rows if row["region"]]
    assert collections.Counter(row["region"] for row in inside) == REGION_SIZES
    assert {row["municipality"] for row in rows if not row["region"]} == {"950", "UKENDT_KOMKODE"}
    assert len({row["commuting_area"] for row in inside}) == 29
    named = {row["municipality"]: row["name"] for row in rows}
    assert (named["851"], named["860"], named["492"]) == ("Aalborg", "Hjørring", "Ærø")
    assert set(REGION_SIZES) == set(codes("regions")["region"].to_pylist())


def test_industries_are_six_digits_in_a_listed_section_without_value_added_in_farming_and_health():
    rows = codes("industries").to_pylist()
    assert all(re.fullmatch(r"\d{6}", row["industry"]) for row in rows)
    assert {row["section"] for row in rows} == set("ACFGHIJMNQR") <= set(codes("sections")["section"].to_pylist())
    assert all((row["value_added"] == "no") == (row["section"] in "AQ") for row in rows)


def test_eleven_initiative_types_cover_seven_areas():
    rows = codes("initiative_types").to_pylist()
    assert len(rows) == 11
    assert len({row["area"] for row in rows}) == len({row["area_da"] for row in rows}) == 7
    assert all(row["aim_en"].startswith("To ") and row["aim_da"].startswith("At ") for row in rows)


def test_outcomes_name_panel_columns_and_bounds_fixed_beforehand():
    rows = {row["outcome"]: row for row in codes("outcomes").to_pylist()}
    panel = {"company": load("panel.firm_year"), "person": load("panel.person_quarter")}
    assert all(panel[row["unit"]].column(row["column"]) for row in rows.values())
    assert {name: float(row["no_effect_bound"]) for name, row in rows.items()} == {
        "fte": 0.5,
        "turnover": 500_000,
        "value_added": 250_000,
        "survival": 0.05,
        "employed": 0.03,
    }
    assert [name for name, row in rows.items() if row["unit"] == "person"] == ["employed"]
    assert [name for name, row in rows.items() if row["closed_is_zero"] == "no"] == ["employed"]


def test_every_type_and_unit_has_one_headline_outcome_and_horizon_fixed_beforehand():
    rows = codes("headlines").to_pylist()
    kinds = codes("initiative_types").column(0).to_pylist()
    assert sorted((row["initiative_type"], row["unit"]) for row in rows) == sorted((k, u) for k in kinds for u in ("company", "person"))
    assert {(row["unit"], row["outcome"], row["horizon"]) for row in rows} == {("company", "fte", "2"), ("person", "employed", "8")}
    assert all(row["reason_en"].endswith(".") for row in rows)


def test_prices_are_2015_prices_and_every_panel_year_has_one():
    index = {int(row["year"]): float(row["index"]) for row in codes("price_index").to_pylist()}
    assert index[2015] == 100
    assert list(index) == list(range(2000, 2019))
    growth = [index[year + 1] / index[year] - 1 for year in range(2000, 2018)]
    assert 0 < min(growth) < max(growth) < 0.04


def test_education_groups_cover_every_two_digit_prefix_once():
    rows = codes("education_groups").to_pylist()
    covered = [n for row in rows for n in range(int(row["hfaudd_from"]), int(row["hfaudd_to"]) + 1)]
    assert covered == list(range(10, 100))


def test_verdicts_statuses_and_quarantine_rules_are_the_ones_agreed():
    verdicts = "effect no_effect too_few_to_tell too_early not_comparable"
    assert codes("verdicts").column(0).to_pylist() == verdicts.split()
    statuses = "reached on_the_way behind too_early too_few_to_tell not_comparable not_covered"
    assert codes("statuses").column(0).to_pylist() == statuses.split()
    assert codes("quarantine_rules").column(0).to_pylist() == QUARANTINE_RULES.split()


def test_the_dictionary_page_is_what_the_contracts_say_today():
    written = (HERE.parent / "docs" / "dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary(), "run `python -m schemas.contract`"


def test_the_dictionary_names_every_table_column_and_code_list():
    page = dictionary()
    for contract in TABLES:
        assert f"### {contract.name}\n" in page
        assert all(f"| {column.description.replace('|', chr(92) + '|')} |" in page for column in contract.columns)
    assert all(f"### {name}\n" in page for name in CODE_TABLES)


def test_no_file_of_the_room_names_a_place_on_a_machine():
    texts = [
        path.read_text(encoding="utf-8")
        for path in Path(HERE).rglob("*")
        if path.suffix in (".yaml", ".csv", ".py", ".md")
    ]
    assert len(texts) > 60
    assert not any(re.search(r"/(work|tmp|home|root)/", text) for text in texts)
