"""whois and members: output in every format, and exit codes."""

import pytest

from tests.support.command_line import NOON_MS, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.lookups import COLUMNS, HOSTILE, rows
from walkme_tui.domain.errors import NotFound, PermissionRefused, SignInRefused, Unreachable
from walkme_tui.domain.times import HOUR, format_time_ms
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UNKNOWN, User

# ---------------------------------------------------------------- whois


def test_whois_json_has_the_record_of_the_server(cli: CommandLine) -> None:
    answer = cli("whois", "PERSON00003@example.com", "--json")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.json == {
        "user": encode_user(person(3)),
        "groups": [{"id": "g1", "name": "Sales"}, {"id": "g2", "name": "Süd=West"}],
        "surface": "rest",
        "fetched_at": format_time_ms(NOON_MS + 1000),
    }


def test_whois_accepts_an_id(cli: CommandLine) -> None:
    assert cli("whois", person(2).id, "--json").json["user"]["email"] == "person00002@example.com"


def test_whois_text_shows_every_field(cli: CommandLine) -> None:
    shown = cli("whois", "person00003@example.com").out
    for word in ("Carmen Weber", "inactive", "Viewer", "Sales\n", "Süd=West\n", "okta|000003", person(3).id):
        assert word in shown
    assert "okta owns this record" in shown
    assert "\n\nRead from the server 2027-01-15T08:00:01Z\n" in shown


def test_whois_of_an_unknown_user_exits_1(cli: CommandLine) -> None:
    for key in ("nobody@example.com", "no-such-id"):
        answer = cli("whois", key, "--json")
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith(f"walkme-tui: No user has the {'email' if '@' in key else 'id'} {key}.\n")
    assert "export --filter NAME" in cli("whois", "zoe celik").err


def test_whois_reads_the_account_if_the_server_ignores_look_ups_by_email(cli: CommandLine, api: FakeDirectory) -> None:
    api.users, api.email_ignored = people(2500), True
    answer = cli("whois", "person02400@example.com", "--json")
    assert (answer.code, answer.json["user"]["id"]) == (0, person(2400).id)
    assert "This server ignores look-ups by email." in answer.err
    assert "The whole account is read now to find the user." in answer.err
    pages = len(api.asked("list_users"))
    assert cli("whois", "person02401@example.com").code == 0  # the local copy is complete now
    assert len(api.asked("list_users")) == pages
    missing = cli("whois", "nobody@example.com")
    assert missing.code == 1
    assert "Searched all 2 500 users of the account" in missing.err


def test_offboard_reads_the_account_if_the_server_ignores_look_ups_by_email(
    cli: CommandLine, api: FakeDirectory
) -> None:
    api.users, api.email_ignored = people(250), True
    answer = cli("offboard", "person00240@example.com", "--json")
    assert answer.code == 0
    assert [subject["user"]["id"] for subject in answer.json["plan"]["subjects"]] == [person(240).id]
    api.users[7] = person(7)._replace(email="zoe\u0308@example.com")
    assert cli("offboard", "zo\u00eb@example.com").code == 0


def test_whois_keeps_the_message_that_base_url_is_wrong(cli: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(NotFound("a.test does not have this user: a web page.", hint="Check base_url."))
    assert cli("whois", "u-1").err == "walkme-tui: a.test does not have this user: a web page.\nCheck base_url.\n"


def test_whois_cached_sends_no_request(cli: CommandLine, api: FakeDirectory) -> None:
    missing = cli("whois", "person00003@example.com", "--cached")
    assert missing.code == 1
    assert "Leave out --cached" in missing.err
    assert api.calls == []
    cli("whois", "person00003@example.com")
    api.offline = Unreachable("No route.")
    asked = len(api.calls)
    for key in ("person00003@example.com", person(3).id):
        answer = cli("whois", key, "--cached", "--json")
        assert answer.json["user"] == encode_user(person(3))
        assert answer.json["groups"][0] == {"id": "g1", "name": "Sales"}
        assert answer.json["fetched_at"] == format_time_ms(NOON_MS + 2000)
    assert len(api.calls) == asked
    assert "Local copy of" in cli("whois", person(3).id, "--cached").out


def test_whois_distinguishes_unknown_and_empty_fields(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [User(id="u-1", email="a@example.com", role=None, groups=UNKNOWN)]
    answer = cli("whois", "u-1", "--json")
    assert answer.json["user"] == {"id": "u-1", "email": "a@example.com", "role": None}
    assert answer.json["groups"] is None
    shown = cli("whois", "u-1").out
    assert "Groups     ?\n" in shown
    assert "Status     ?\n" in shown
    assert "Role\n" in shown
    api.users = [User(id="u-1", groups=())]
    assert cli("whois", "u-1", "--json").json["groups"] == []
    assert "Groups     none\n" in cli("whois", "u-1").out


def test_whois_without_permission_for_groups_still_answers(cli: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(PermissionRefused("No."), name="list_groups")
    answer = cli("whois", "person00003@example.com", "--json")
    assert answer.code == 0
    assert answer.json["groups"][0] == {"id": "g1", "name": None}
    assert "The groups could not be read" in answer.err


# ---------------------------------------------------------------- whois --card


def test_a_card_is_one_line_with_the_groups_by_name(cli: CommandLine) -> None:
    answer = cli("whois", "person00003@example.com", "--card")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        f"As of 2027-01-15 08:00 UTC, person00003@example.com (Carmen Weber, id {person(3).id}) is inactive, "
        "role Viewer; member of Sales, Süd=West; record owned by okta; source REST API of env (production), "
        "verified 0 s ago.\n"
    )


def test_a_card_of_the_local_copy_says_how_old_it_is(cli: CommandLine) -> None:
    cli("whois", "person00003@example.com")
    cli.now_ms += 3 * HOUR
    shown = cli("whois", "person00003@example.com", "--card", "--cached").out
    assert shown.startswith("As of 2027-01-15 08:00 UTC, ")
    assert "verified 3 h before this was written at 2027-01-15 11:00 UTC." in shown


@pytest.mark.parametrize("form", [(), ("--markdown",), ("--json",)])
def test_a_redacted_card_contains_nothing_personal(cli: CommandLine, form: tuple[str, ...]) -> None:
    answer = cli("whois", "person00003@example.com", "--card", "--redact", *form)
    assert answer.code == 0
    assert person(3).id in answer.out
    for personal in ("person00003", "example.com", "Carmen", "Weber", "okta"):
        assert personal not in answer.out


def test_a_card_as_json_is_one_object(cli: CommandLine) -> None:
    answer = cli("whois", person(3).id, "--card", "--json").json
    assert answer["user"]["firstName"] == "Carmen"
    assert answer["groups"] == [{"id": "g1", "name": "Sales"}, {"id": "g2", "name": "Süd=West"}]
    assert (answer["as_of"], answer["surface"], answer["unknown"]) == (format_time_ms(NOON_MS + 1000), "rest", [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--redact",), "--redact is an option of the answer card"),
        (("--markdown",), "--markdown is an option of the answer card"),
        (("--card", "--csv"), "cannot be printed as CSV"),
        (("--card", "--json", "--markdown"), "--json and --markdown exclude each other"),
    ],
)
def test_options_of_the_card_need_the_card(
    cli: CommandLine, api: FakeDirectory, words: tuple[str, ...], said: str
) -> None:
    answer = cli("whois", "person00003@example.com", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert api.calls == []


def test_hostile_records_are_printed_as_plain_text(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    for words in (("whois", "h-1"), ("whois", "h-1", "--card"), ("members", "Sales")):
        shown = cli(*words).out
        assert not {character for character in shown if not character.isprintable()} - {"\n"}
        assert "⟨202E⟩evil" in shown
    answer = cli("whois", "h-1", "--json")
    assert not {character for character in answer.out if not character.isprintable()} - {"\n"}
    assert answer.json["user"] == encode_user(HOSTILE)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unreachable("No route."), 4), (SignInRefused("No."), 3), (PermissionRefused("No."), 3), (NotFound("No."), 1)],
)
def test_failures_exit_with_their_code_and_close_the_session(
    cli: CommandLine, api: FakeDirectory, error: Exception, code: int
) -> None:
    api.offline = error  # type: ignore[assignment]  # each is an ApiError
    for words in (("whois", "a@example.com"), ("members", "Sales"), ("export",)):
        answer = cli(*words)
        assert (answer.out if answer.code != 0 else "") == ""
        assert answer.code == code
    assert cli.closed == len(cli.opened) == 3


# ---------------------------------------------------------------- members


def test_members_are_read_after_a_whole_sweep(cli: CommandLine) -> None:
    answer = cli("members", "sales", "--json")
    assert answer.code == 0
    members = [person(number) for number in range(7) if "g1" in (person(number).groups or ())]  # type: ignore[operator]  # known
    fields = ("id", "email", "firstName", "lastName", "role", "status")
    assert answer.json == {
        "group": {"id": "g1", "name": "Sales"},
        "surface": "rest",
        "members": [{name: encode_user(user)[name] for name in fields} for user in members],
        "complete": True,
        "loaded": 7,
        "total": 7,
        "as_of": format_time_ms(NOON_MS + 1001),
        "unknown": 0,
    }


def test_members_text_is_aligned_with_the_count(cli: CommandLine) -> None:
    lines = cli("members", "g1").out.splitlines()
    assert lines[0] == "Sales: 3 members, as of 2027-01-15T08:00:01.001Z"
    starts = {text.index(word) for text, word in zip(lines[2:], ("ID", *["00000000-"] * 3), strict=True)}
    assert len(starts) == 1


def test_members_csv_has_the_documented_columns(cli: CommandLine) -> None:
    answer = cli("members", "Sales", "--csv")
    assert answer.out.splitlines()[0] == COLUMNS
    assert {row["groups"].split(";")[0] for row in rows(answer.out)} == {"Sales"}


def test_members_of_an_unknown_group_exits_1(cli: CommandLine, api: FakeDirectory) -> None:
    answer = cli("members", "Saless")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "walkme-tui: There is no group Saless.\nDid you mean Sales?\n"
    assert "Groups tab" in cli("members", "Nothing like it").err
    assert api.asked("list_users") == []


def test_members_are_incomplete_if_the_list_lacks_groups(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    answer = cli("members", "Sales", "--json")
    assert answer.code == 1
    assert answer.json["complete"] is False
    assert answer.json["members"] == []
    assert "incomplete" in answer.err
    assert "7 users may match too" in answer.err
    assert "Sales: at least 0 members" in cli("members", "Sales").out


def test_members_cached_reads_the_local_copy_only(cli: CommandLine, api: FakeDirectory) -> None:
    cli("members", "Sales")
    asked = len(api.calls)
    answer = cli("members", "Sales", "--cached", "--json")
    assert answer.code == 0
    assert len(answer.json["members"]) == 3
    assert answer.json["as_of"] == format_time_ms(NOON_MS + 1001)
    assert len(api.calls) == asked


def test_a_deleted_user_is_no_longer_a_member(cli: CommandLine, api: FakeDirectory) -> None:
    assert len(cli("members", "Sales", "--json").json["members"]) == 3
    del api.users[3]
    assert len(cli("members", "Sales", "--json").json["members"]) == 2
    assert len(rows(cli("export").out)) == 6


def test_members_are_complete_after_two_equal_sweeps_without_a_total(cli: CommandLine, api: FakeDirectory) -> None:
    api.total = None
    answer = cli("members", "Sales", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert (answer.json["complete"], len(answer.json["members"])) == (True, 3)


def test_an_incomplete_list_of_groups_is_reported(cli: CommandLine, api: FakeDirectory) -> None:
    api.group_warnings = ("The server sent 3 of 70 groups.",)
    for words in (("members", "Sales"), ("members", "Nobody's"), ("export",)):
        assert "walkme-tui: The server sent 3 of 70 groups.\n" in cli(*words).err


def test_members_cached_without_stored_groups_does_not_report_an_unknown_group(cli: CommandLine) -> None:
    answer = cli("members", "Sales", "--cached")
    assert answer.code == 1
    assert (
        answer.err == "walkme-tui: The local copy has no group Sales.\nLeave out --cached to read it from the server.\n"
    )


# ---------------------------------------------------------------- profile


def test_read_only_is_passed_to_the_session(cli: CommandLine) -> None:
    cli("whois", "person00001@example.com")
    cli("whois", "person00001@example.com", "--read-only")
    assert [read_only for _, read_only in cli.opened] == [False, True]


def test_the_surface_is_that_of_the_option_before_or_after_the_command_or_the_only_one(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surface_of(*words: str) -> object:
        return cli(*words, "whois", "person00001@example.com", "--json").json["surface"]

    missing = cli("whois", "person00001@example.com", "--surface", "scim")
    assert missing.code == 2
    assert "The profile env has no SCIM connection" in missing.err
    assert cli.opened == []
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://x.example/scim/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    assert surface_of() == "rest"
    assert surface_of("--surface", "scim") == "scim"
    after = cli("whois", "person00001@example.com", "--json", "--surface", "scim")
    assert after.json["surface"] == "scim"
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    assert surface_of() == "scim"
    assert cli("export", "--surface", "rest").code == 2


def test_without_a_profile_the_message_lists_the_ways_to_start(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    for words in (("whois", "a@example.com"), ("members", "x"), ("export",), ()):
        answer = cli(*words)
        assert answer.code == 2
        assert "walkme-tui --demo" in answer.err
