"""Builds, publishes and audits releases: `build` aside, render what derives from it, `publish` by rename, `verify`.

A release is read by everyone and changed by no one.
"""

from pipelines.release.audit import Finding, broken_accounts, verify
from pipelines.release.building import Building, RunFacts, build
from pipelines.release.files import WAREHOUSE, ReleaseError, current
from pipelines.release.publishing import Release, publish
from pipelines.release.revisions import Revised, Revision, revisions
from pipelines.release.tables import released_tables

__all__ = [
    "WAREHOUSE",
    "Building",
    "Finding",
    "Release",
    "ReleaseError",
    "Revised",
    "Revision",
    "RunFacts",
    "broken_accounts",
    "build",
    "current",
    "publish",
    "released_tables",
    "revisions",
    "verify",
]
