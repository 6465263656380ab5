"""Register extracts: found by name, read under contract, and turned into tables with the project's own names."""

from pipelines.registers.checking import Read, check_extracts, manifest
from pipelines.registers.dream import benefit_spells
from pipelines.registers.extracts import (
    OPTIONAL,
    REGISTERS,
    Extract,
    RegisterError,
    find_extracts,
    has_extracts,
    last_date,
)
from pipelines.registers.following import refused, succession
from pipelines.registers.imports import (
    import_education,
    import_firm,
    import_firm_employment,
    import_firm_quarter,
    import_person_employment,
    import_population,
    import_vat,
)
from pipelines.registers.job_sums import sum_jobs
from pipelines.registers.jobs import group_by_year, import_jobs, name_of
from pipelines.registers.persons_followed import follow_persons, persons_followed
from pipelines.registers.reading import read_extracts, read_periods

__all__ = [
    "OPTIONAL",
    "REGISTERS",
    "Extract",
    "Read",
    "RegisterError",
    "benefit_spells",
    "check_extracts",
    "find_extracts",
    "follow_persons",
    "group_by_year",
    "has_extracts",
    "import_education",
    "import_firm",
    "import_firm_employment",
    "import_firm_quarter",
    "import_jobs",
    "import_person_employment",
    "import_population",
    "import_vat",
    "last_date",
    "manifest",
    "name_of",
    "persons_followed",
    "read_extracts",
    "read_periods",
    "refused",
    "succession",
    "sum_jobs",
]
