"""A coverage-guided fuzz run of the readers: `make fuzz`. What it finds is kept under
tests/pipelines/participations/findings, where `make test` reads it again; atheris itself is not needed for that."""
