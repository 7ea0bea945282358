"""Every tidy check: from a project to the list of what is wrong with it, as `path:line: sentence`."""

from collections.abc import Callable

from tests.house.clocks import clocks_and_chance, sleeping_tests
from tests.house.project import Project
from tests.house.reach import dead_files
from tests.house.shape import long_files, long_functions, one_spec_per_file
from tests.house.words import impure_imports, machine_places, mending_calls

CHECKS: tuple[Callable[[Project], list[str]], ...] = (
    clocks_and_chance,
    dead_files,
    impure_imports,
    long_files,
    long_functions,
    machine_places,
    mending_calls,
    one_spec_per_file,
    sleeping_tests,
)
