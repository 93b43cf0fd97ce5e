"""Commands on SCIM: what it lacks is refused or absent; plans, jobs and undos open the surface that they are of."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, person
from tests.support.journals import ACTOR, START_MS, TickingClock, journal_in, plan_for
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN

BOTH = """\
default_profile = "acme"
[profiles.acme.rest]
client_id = "id-1"
secret_env = "WALKME_CLIENT_SECRET"
[profiles.acme.scim]
region = "eu"
token_env = "TOKEN"
[profiles.people.scim]
region = "us"
token_env = "TOKEN"
"""
ADDRESS = "https://eu-papi.walkme.com/deepui/api/scim/v2"
ZOE = "person00000@example.com"
SCIM = ("--surface", "scim")


@pytest.fixture
def api() -> FakeDirectory:
    users = [person(number)._replace(role=UNKNOWN, status="active", groups=("g1",)) for number in range(3)]
    return FakeDirectory(users, groups=[Group("g1", "Sales")])


@pytest.fixture
def both(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A default profile with both surfaces, and one with only SCIM."""
    cli.configure(BOTH)
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    return cli


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("set", ZOE, "role=Editor", *SCIM), "role cannot be Editor: SCIM has no role: use the REST API"),
        (("set", ZOE, "role=", *SCIM), "role cannot be cleared: SCIM has no role"),
        ((*SCIM, "set", ZOE, "status=pending", "--yes"), "status cannot be pending: SCIM has only active and inactive"),
        (("create", "a@b.example", "--role", "Admin", *SCIM, "--yes"), "role cannot be Admin: SCIM has no role"),
        (("create", "a@b.example", "--role", "Admin", "--profile", "people"), "role cannot be Admin: SCIM has no role"),
        (("--demo", "create", "a@b.example", "--role", "Admin", *SCIM), "role cannot be Admin: SCIM has no role"),
    ],
)
def test_what_scim_lacks_is_refused_before_anything_is_sent(
    both: CommandLine, api: FakeDirectory, words: tuple[str, ...], reason: str
) -> None:
    answer = both(*words)
    assert answer.code == 2
    assert reason in answer.err
    assert "Nothing was sent." in answer.err
    assert (api.calls, both.opened) == ([], [])


def test_records_of_scim_are_shown_as_it_sends_them_and_without_roles(both: CommandLine) -> None:
    record = both("whois", ZOE, "--json", *SCIM).json
    assert (record["surface"], record["user"]["userName"], record["user"]["active"]) == ("scim", ZOE, True)
    assert "email" not in record["user"]
    assert "Role" not in both("whois", ZOE, *SCIM).out
    assert "role" not in both("whois", ZOE, "--card", *SCIM).out
    assert both("whois", ZOE, "--card", "--json", *SCIM).json["unknown"] == []
    assert "Role" in both("whois", ZOE).out
    assert "ROLE" not in both("members", "Sales", *SCIM).out
    assert "ROLE" in both("members", "Sales").out
    exported = both("export", *SCIM)
    assert (exported.code, exported.err) == (0, "")
    assert "Unknown for 3 users" in both("export").err
    assert both("export", "--json", *SCIM).json["users"][0]["userName"] == ZOE
    plan = both("set", ZOE, "lastName=Moreau", *SCIM)
    assert f"{ADDRESS} (SCIM)" in plan.out
    assert "?" not in plan.out


def test_a_filter_of_scim_is_decided_without_roles_and_refused_about_them(
    both: CommandLine, api: FakeDirectory
) -> None:
    found = both("export", "--filter", "person00001", *SCIM, "--json")
    assert (found.code, found.err, len(found.json["users"]), found.json["unknown"]) == (0, "", 1, 0)
    assert both("export", "--filter", "person00001").code == 1
    asked = len(api.calls)
    for words in ("role:admin", "-role:admin", "zoe has:role", "@admins"):
        refused = both("export", "--filter", words, *SCIM)
        assert (refused.code, len(api.calls)) == (2, asked)
        assert "The filter cannot be used. SCIM has no role" in refused.err
    refused = both("export", "--filter", "status:pending", *SCIM)
    assert (refused.code, "No loaded user has the status pending. Known: active, inactive." in refused.err) == (2, True)


def test_an_undo_opens_the_surface_of_its_job_or_receipt(both: CommandLine, api: FakeDirectory) -> None:
    job = both("set", ZOE, "lastName=Moreau", *SCIM, "--yes", "--json").json
    assert (job["surface"], job["state"]) == ("scim", "done")
    assert "acme (SCIM)" in both("jobs").out
    assert "as token, through SCIM" in both("jobs", "show", job["job"]).out
    refused = both("undo", job["job"], "--surface", "rest", "--yes")
    assert refused.code == 2
    assert "was made through SCIM, and this is REST" in refused.err
    undo = both("undo", job["job"], "--yes", "--json").json
    assert (undo["surface"], undo["state"], undo["counts"]) == ("scim", "done", {"done": 1})
    assert api.now(person(0).id).last_name == person(0).last_name
    (receipt,) = [path for path in undo["receipts"] if path.endswith(".json")]
    again = both("undo", receipt, "--yes", "--json").json
    assert (again["surface"], again["counts"]) == ("scim", {"done": 1})


@pytest.mark.parametrize("action", ["resume", "discard"])
def test_a_stored_job_is_continued_on_its_surface(both: CommandLine, api: FakeDirectory, action: str) -> None:
    plan = replace(plan_for(1, profile="acme"), surface=Surface.SCIM, base_url=ADDRESS)

    async def store() -> str:
        journal = journal_in(both.paths.data, TickingClock(START_MS))
        try:
            return (await journal.create(plan, ACTOR)).id
        finally:
            await journal.aclose()

    job_id = asyncio.run(store())
    if action == "resume":
        refused = both("jobs", action, job_id, "--surface", "rest", "--yes")
        assert (refused.code, api.calls) == (2, [])
        assert "The plan was made through SCIM, and this is REST" in refused.err
        resumed = both("jobs", action, job_id, "--yes", "--json").json
        assert (resumed["surface"], resumed["state"]) == ("scim", "done")
    else:
        assert both("jobs", action, job_id, "--json").json["state"] == "discarded"
    assert both.surfaces[-1] is Surface.SCIM


def test_a_plan_opens_the_surface_that_it_was_made_for(both: CommandLine, tmp_path: Path) -> None:
    file = str(tmp_path / "plan.json")
    assert both("set", ZOE, "lastName=Moreau", *SCIM, "--plan", file).code == 0
    refused = both("plan", "apply", file, "--surface", "rest", "--yes")
    assert refused.code == 2
    assert "The plan was made through SCIM, and this is REST" in refused.err
    assert "--surface scim." in refused.err
    applied = both("plan", "apply", file, "--yes", "--json")
    assert (applied.json["surface"], applied.json["counts"]) == ("scim", {"done": 1})


def test_cache_clear_deletes_the_copies_of_both_surfaces(both: CommandLine) -> None:
    for words in ((), SCIM):
        assert both("export", *words).code == 0
    assert {Path(file).name for file in both("cache", "clear", "--json").json["deleted"]} >= {
        "mirror.sqlite3",
        "mirror-scim.sqlite3",
    }
    assert "There was no local copy." in both("cache", "clear").out


def test_profiles_lists_each_surface(both: CommandLine) -> None:
    acme, people = both("profiles", "--json").json["profiles"]
    assert list(acme["surfaces"]) == ["rest", "scim"]
    assert list(people["surfaces"]) == ["scim"]
    assert acme["surfaces"]["scim"] == {"base_url": ADDRESS, "secret_from": "the variable TOKEN"}
