"""groups create, rename and delete, with an account in memory on the SCIM surface."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.groups import Group


@pytest.fixture(autouse=True)
def scim(monkeypatch: pytest.MonkeyPatch, api: FakeDirectory) -> None:
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://walkme.test/scim/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    api.groups = [Group("g1", "Sales"), Group("g2", "Support")]


def names(api: FakeDirectory) -> list[str | None]:
    return [group.name for group in api.groups]


def test_groups_are_created_renamed_deleted_and_undone(cli: CommandLine, api: FakeDirectory) -> None:
    made = cli("groups", "create", "EMEA", "--surface", "scim", "--ticket", "T-1", "--yes", "--json").json
    assert (made["kind"], made["surface"]) == ("create group", "scim")
    assert (made["counts"], made["ticket"]) == ({"done": 1}, "T-1")
    (step,) = made["steps"]
    assert (step["call"], step["target"]) == ("POST /Groups displayName=EMEA", "EMEA")
    assert Path(made["receipts"][0]).name.startswith("20")
    assert "create_group-EMEA" in made["receipts"][0]
    answer = cli("groups", "rename", "sales", "Vertrieb", "--surface", "scim", "--yes")
    assert answer.code == 0
    assert "rename group Sales -> Vertrieb" in " ".join(answer.out.split())
    assert names(api) == ["Vertrieb", "Support", "EMEA"]
    assert cli("undo", made["job"], "--yes").code == 0
    assert names(api) == ["Vertrieb", "Support"]
    deleted = cli("groups", "delete", "Support", "--confirm", "Support", "--surface", "scim", "--yes", "--json").json
    assert (deleted["steps"][0]["call"], names(api)) == ("DELETE /Groups/g2", ["Vertrieb"])
    undone = cli("undo", deleted["job"], "--json").json["plan"]
    assert undone["steps"] == []
    assert undone["left_out"][0].startswith("Support: a deleted group cannot be restored")
    shown = cli("jobs", "show", deleted["job"]).out
    assert "Delete the group Support in env" in shown
    assert "Undo " not in shown
    assert "delete group" in cli("jobs").out


def test_a_name_that_no_keyboard_has_is_confirmed_as_it_is_shown(cli: CommandLine, api: FakeDirectory) -> None:
    api.groups = [Group("g1", "QA\x1b[5m")]
    assert cli("groups", "delete", "g1", "--confirm", "QA␛[5m", "--surface", "scim", "--yes").code == 0
    assert names(api) == []


def test_a_plan_is_shown_saved_and_applied(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    answer = cli("groups", "delete", "g1", "--confirm", "Sales", "--surface", "scim")
    assert answer.code == 0
    assert answer.out.startswith("Delete the group Sales in env\nAccount  https://walkme.test/scim/v2 (SCIM)\n")
    assert "members. The people stay, and only lose this group." in answer.out
    file = tmp_path / "plan.json"
    cli("groups", "rename", "Sales", "Vertrieb", "--surface", "scim", "--plan", str(file))
    assert json.loads(file.read_text())["groups"][0]["group"] == {"id": "g1", "name": "Sales"}
    assert api.writes == []
    assert cli("plan", "show", str(file)).out.startswith("Rename the group Sales in env\n")
    assert cli("plan", "apply", str(file), "--yes").code == 0
    assert names(api) == ["Vertrieb", "Support"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["create", "EMEA"], "the REST API has no call that changes groups"),
        (["rename", "Sales", "EMEA"], "the REST API has no call that changes groups"),
        (["delete", "Sales", "--confirm", "Sales"], "the REST API has no call that changes groups"),
        (["create", "  ", "--surface", "scim"], "A name is required."),
        (
            ["delete", "Sales", "--confirm", "sales", "--surface", "scim"],
            "--confirm sales is not the name of",
        ),
        (["create", "EMEA", "--cached", "--surface", "scim"], "unrecognized arguments: --cached"),
    ],
)
def test_what_cannot_be_sent_exits_2(cli: CommandLine, api: FakeDirectory, words: list[str], message: str) -> None:
    for extra in ([], ["--yes"]):
        answer = cli("groups", *words, *extra)
        assert (answer.code, message in answer.err, answer.out) == (2, True, "")
    assert api.writes == []


def test_a_name_in_use_and_an_unknown_group_exit_1(cli: CommandLine, api: FakeDirectory) -> None:
    for words in (["create", "Sales"], ["rename", "Sales", "Support"], ["delete", "Nope", "--confirm", "Nope"]):
        assert cli("groups", *words, "--surface", "scim", "--yes").code == 1
    assert api.writes == []
