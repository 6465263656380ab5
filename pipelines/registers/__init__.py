"""Register extracts: found by name, read under contract, and turned into tables with the project's own names."""

from pipelines.registers.extracts import (
    REGISTERS,
    Extract,
    RegisterError,
    check_extracts,
    find_extracts,
    has_extracts,
    last_date,
    read_extracts,
    read_periods,
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

__all__ = [
    "REGISTERS",
    "Extract",
    "RegisterError",
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
    "name_of",
    "persons_followed",
    "read_extracts",
    "read_periods",
    "refused",
    "succession",
    "sum_jobs",
]
