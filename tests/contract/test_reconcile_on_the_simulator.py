"""``walkme-tui reconcile`` with the simulated account whose two surfaces differ."""

from pathlib import Path

import pytest

from tests.support.scim_program import ScimProgram
from tests.support.tcp import asgi_server
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings

SETTINGS = SimulatorSettings(users=20, scim_odd=(ScimOddity.DIFFERS_FROM_REST,))
ALL = {"only_rest": 1, "only_scim": 2, "status": 1, "field": 1, "membership": 1, "duplicate": 2, "matched": 13}


@pytest.mark.parametrize("source", Surface)
def test_adopting_a_side_leaves_nothing_that_can_be_adopted(
    source: Surface, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with asgi_server(Simulator(SETTINGS)) as url:
        program = ScimProgram(monkeypatch, capsys, tmp_path, f"{url}/scim/v2", "demo")
        for name, value in (("BASE_URL", url), ("CLIENT_ID", "demo"), ("CLIENT_SECRET", "demo")):
            monkeypatch.setenv(f"WALKME_{name}", value)
        found = program.done("reconcile")
        assert found["counts"] == ALL
        adopted = program.done("reconcile", "--cached", "--adopt", source, "--all", "--yes")
        assert (adopted["state"], set(adopted["counts"])) == ("done", {"done"})
        after = program.done("reconcile")
        left = {row["email"]: row["classes"] for row in after["rows"]}
        duplicates = {row["email"]: row["classes"] for row in found["rows"] if "duplicate" in row["classes"]}
        # A record that only the changed side has stays there, inactive.
        alone = f"only_{other_surface(source)}"
        emails = [row["email"] for row in found["rows"] if row["classes"] == [alone]]
        assert left == {**duplicates, **{email: [alone] for email in emails}}
        inactive = [row[other_surface(source)]["status"] for row in after["rows"] if row["email"] in emails]
        assert inactive == ["inactive"]
