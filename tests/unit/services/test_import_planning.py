"""Plans of imports: what becomes of each row, what is looked up, and that no row creates a second user."""

import pytest

from tests.support.fake_directory import FakeDirectory, person
from tests.support.imports import plan_of, planned, request_of
from tests.support.sessions import NOON_MS, BrokenMirror, ManualTime, open_session
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.errors import LookUpIgnored, NoEmailColumn, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.source import OnConflict, RowOutcome
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_text
from walkme_tui.domain.plans import Gravity, Plan, PlanKind
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.user_json import decode_user, encode_user
from walkme_tui.domain.user_tables import csv_table
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.directory import Directory
from walkme_tui.services.imports import planner as planner_module
from walkme_tui.services.imports.planner import FRESH_MS, NOT_LOOKED_UP, ImportPlanner
from walkme_tui.services.ports import Session

SALES, BETA = Group("g1", "Sales"), Group("g2", "Beta")
ZOE = person(5)._replace(
    email="zoe@example.com", first_name="Zoë", last_name="Çelik", role="Editor", status="active", groups=("g1",)
)
BO = person(6)._replace(email="bo@example.com", status="inactive", last_name="Weber", groups=(), external_id=None)
UPDATE, FAIL = {"on_conflict": OnConflict.UPDATE}, {"on_conflict": OnConflict.FAIL}


def account(*users: User) -> FakeDirectory:
    return FakeDirectory(users or (ZOE, BO), groups=[SALES, BETA])


async def load(session: Session, api: FakeDirectory, *, age_ms: int = 0) -> None:
    """Load the whole account into the mirror."""
    page = UserPage(1, 1000, tuple(api.users), len(api.users))
    await session.mirror.save_page(page, session.clock() - age_ms)


def look_ups(api: FakeDirectory) -> list[object]:
    """The emails and the ids that were looked up."""
    return [call.arguments[0] for call in api.calls if call.name in {"find_user", "get_user"}]


def said(plan: Plan) -> list[str]:
    return [consequence.text for consequence in plan.consequences]


# ------------------------------------------------------------ new users


async def test_a_new_user_is_created_and_joins_the_groups_of_the_row_and_of_all_rows() -> None:
    text = "Mail,First name,Role,Groups,Cost centre\nAnn@Example.com,Ann,Editor,sales,42\n"
    async with open_session(account()) as session:
        plan = await plan_of(session, text, groups=(BETA,), ticket=" T-1 ")
    create = CreateUser.of("Ann@Example.com", {"first_name": "Ann", "role": "Editor"})
    assert [step.change for step in plan.steps] == [
        create,
        AddMember(create.subject_id, SALES),
        AddMember(create.subject_id, BETA),
    ]
    assert (plan.kind, plan.ticket) == (PlanKind.IMPORT, "T-1")
    assert plan.source is not None
    assert (plan.source.file, plan.source.columns) == ("people.csv", tuple(text.splitlines()[0].split(",")))
    assert plan.source.rows[0].cells == ("Ann@Example.com", "Ann", "Editor", "sales", "42")
    (subject,) = plan.subjects
    assert (subject.user.email, subject.groups) == ("Ann@Example.com", (SALES, BETA))
    assert not any(step.email for step in plan.steps)
    assert plan_from_text("".join(plan_file_parts(plan))) == plan


async def test_rows_that_cannot_be_imported_fail_with_their_cells_and_the_others_are_planned() -> None:
    text = "email,groups\n,Sales\nann@example.com,Saels\nbob@example.com,\nzoe,\nBOB@example.com,\n"
    async with open_session(account()) as session:
        plan = await plan_of(session, text)
    outcomes = planned(plan)
    assert [line for line, text in outcomes if text.startswith("failed: ")] == [2, 3, 4, 5, 6]
    assert outcomes[1] == (3, "failed: there is no group Saels, did you mean Sales?")
    assert outcomes[2] == (4, "failed: the same email is in line 6, too")
    assert plan.source is not None
    assert [row.cells for row in plan.source.rows][:2] == [("", "Sales"), ("ann@example.com", "Saels")]
    assert (plan.steps, plan.subjects) == ((), ())


async def test_a_file_without_emails_is_refused() -> None:
    async with open_session(account()) as session:
        with pytest.raises(NoEmailColumn):
            await plan_of(session, "firstName\nAnn\n")


# ------------------------------------------------------------ users who exist


ROWS = "email,lastName,groups\nZOE@example.com,Moreau,Sales;Beta\nbo@example.com, Weber ,\n"


async def test_values_that_cannot_be_sent_fail_only_where_they_would_be_sent() -> None:
    odd = ZOE._replace(first_name=" Zoë\x1b[2J", last_name="Çe\nlik")
    text = "email,firstName,lastName\nzoe@example.com,Zoë␛[2J,Çe␊lik\nbo@example.com,,We␊ber\nann@example.com,A␀nn,\n"
    outcomes = {}
    async with open_session(account(odd, BO)) as session:
        for on_conflict in OnConflict:
            outcomes[on_conflict] = [why for _, why in planned(await plan_of(session, text, on_conflict=on_conflict))]
    exists = "the user exists already and is inactive; last name is Weber, not We␊ber"
    refused = "failed: the last name cannot be sent: it has a control character (line break, U+000A) at character 3"
    new = "failed: the first name cannot be sent: it has a control character (null, U+0000) at character 2"
    for on_conflict, bo in (
        (OnConflict.SKIP, f"skipped: {exists}"),
        (OnConflict.FAIL, f"failed: {exists}"),
        (OnConflict.UPDATE, refused),
    ):
        assert outcomes[on_conflict] == ["unchanged: the user exists already with these values", bo, new]


async def test_half_a_character_comes_back_from_an_export() -> None:
    halved = decode_user({**encode_user(ZOE), "firstName": "half \ud83d"})
    assert isinstance(halved, User)
    table = csv_table([SALES, BETA])
    async with open_session(account(halved)) as session:
        plan = await plan_of(session, table.before + table.row(halved), **UPDATE)
    assert planned(plan)[0][1].startswith("unchanged")


async def test_other_values_are_updated_beside_one_that_cannot_be_sent_and_is_so_already() -> None:
    text = "email,firstName,role\nzoe@example.com,Z␊oë,Viewer\n"
    async with open_session(account(ZOE._replace(first_name="Z\noë"))) as session:
        plan = await plan_of(session, text, **UPDATE)
    assert planned(plan) == [(2, "set role Editor -> Viewer")]


@pytest.mark.parametrize(
    ("on_conflict", "outcome"),
    [
        (OnConflict.SKIP, "skipped: the user exists already; last name is Çelik, not Moreau; not in Beta"),
        (OnConflict.FAIL, "failed: the user exists already; last name is Çelik, not Moreau; not in Beta"),
        (OnConflict.UPDATE, "set last name Çelik -> Moreau; join Beta"),
    ],
)
async def test_a_conflict_is_skipped_failed_or_updated_and_what_is_so_already_is_unchanged(
    on_conflict: OnConflict, outcome: str
) -> None:
    async with open_session(account()) as session:
        plan = await plan_of(session, ROWS, on_conflict=on_conflict)
    unchanged = "unchanged: the user exists already and is inactive with these values"
    assert planned(plan) == [(2, outcome), (3, unchanged)]


async def test_an_update_is_strict_and_only_for_the_user_who_has_the_email() -> None:
    async with open_session(account()) as session:
        plan = await plan_of(session, ROWS, **UPDATE)
    update, join = plan.steps
    assert update.change == UpdateUser(ZOE.id, (FieldChange("last_name", "Çelik", "Moreau"),))
    assert join.change == AddMember(ZOE.id, BETA)
    assert (update.strict, join.strict) == (True, False)
    assert {update.email, join.email} == {"ZOE@example.com"}
    (subject,) = plan.subjects
    assert (subject.user, subject.groups) == (ZOE, (SALES,))


async def test_a_row_can_have_a_policy_of_its_own() -> None:
    text = "email,lastName\nzoe@example.com,Moreau\nbo@example.com,Moreau\n"
    async with open_session(account()) as session:
        plan = await plan_of(session, text, row_conflicts={3: OnConflict.UPDATE})
    assert [text.partition(":")[0] for _, text in planned(plan)] == ["skipped", "set last name Weber -> Moreau"]
    assert plan.source is not None
    assert [row.on_conflict for row in plan.source.rows] == [OnConflict.SKIP, OnConflict.UPDATE]


async def test_an_empty_cell_clears_nothing() -> None:
    async with open_session(account()) as session:
        plan = await plan_of(
            session, "email,firstName,lastName,role,externalId,groups\nzoe@example.com,,,,,\n", **UPDATE
        )
    assert planned(plan)[0][1].startswith("unchanged")


async def test_blanks_around_a_value_of_the_account_are_no_difference() -> None:
    async with open_session(account(ZOE._replace(last_name=" Çelik "))) as session:
        plan = await plan_of(session, "email,lastName\nzoe@example.com,Çelik\n", **UPDATE)
    assert planned(plan)[0][1].startswith("unchanged")


# ------------------------------------------------------------ never a second user


@pytest.mark.parametrize("typed", ["ZOË@example.com", "zoe\u0308@example.com", "Zoë@Example.COM"])
@pytest.mark.parametrize("loaded", [False, True])
async def test_emails_are_the_same_without_case_and_unicode_form(typed: str, *, loaded: bool) -> None:
    api = account(ZOE._replace(email="zoë@example.com"))
    async with open_session(api) as session:
        if loaded:
            await load(session, api)
        plan = await plan_of(session, f"email\n{typed}\n")
    assert planned(plan)[0][1].startswith("unchanged")


@pytest.mark.parametrize("loaded", [False, True])
async def test_an_email_with_one_letter_for_two_is_that_of_another_person(
    monkeypatch: pytest.MonkeyPatch, *, loaded: bool
) -> None:
    weiss = ZOE._replace(email="wei\u00df@example.com")
    api = account(weiss)

    async def find(email: str) -> User | None:
        return weiss if email.lower() == weiss.email else None

    monkeypatch.setattr(api, "find_user", find)
    async with open_session(api) as session:
        if loaded:
            await load(session, api)
        plan = await plan_of(
            session, "email,lastName\nweiss@example.com,Moreau\nWEI\u1e9e@example.com,Moreau\n", **UPDATE
        )
    assert planned(plan) == [(2, "create weiss@example.com"), (3, "set last name Çelik -> Moreau")]


async def test_a_server_that_compares_characters_finds_an_email_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    api = account()

    async def find(email: str) -> User | None:
        return ZOE if email == ZOE.email else None

    monkeypatch.setattr(api, "find_user", find)
    async with open_session(api) as session:
        plan = await plan_of(session, "email\nZoe@Example.com\n")
    assert planned(plan)[0][1].startswith("unchanged")


async def test_a_user_whom_only_the_server_knows_is_no_new_user() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        api.users.append(person(50)._replace(email="new@example.com"))
        plan = await plan_of(session, "email\nnew@example.com\n")
        known = await session.mirror.user_by_email("new@example.com")
    assert planned(plan)[0][1].startswith("unchanged")
    assert known is not None


async def test_two_emails_of_one_user_are_both_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    api = account()

    async def find(email: str) -> User | None:
        return ZOE if email.startswith("zoe") else None

    monkeypatch.setattr(api, "find_user", find)
    async with open_session(api) as session:
        text = "email,lastName\nzoe@example.com,A\nann@example.com,B\nzoe+1@example.com,C\n"
        plan = await plan_of(session, text, **UPDATE)
    assert planned(plan) == [
        (2, "failed: it names the same user as line 4"),
        (3, "create ann@example.com"),
        (4, "failed: it names the same user as line 2"),
    ]


async def test_the_old_email_of_a_user_names_nobody_once_a_look_up_showed_the_new_one() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        api.edit(ZOE.id, email="moreau@example.com")
        text = "email,lastName\nzoe@example.com,A\nmoreau@example.com,B\n"
        plan = await plan_of(session, text, **UPDATE)
    assert [text for _, text in planned(plan)] == ["create zoe@example.com", "set last name Çelik -> B"]


async def test_an_email_that_is_the_id_of_another_user_is_refused() -> None:
    api = account(ZOE._replace(id="ann@example.com"))
    async with open_session(api) as session:
        text = "email,lastName\nann@example.com,A\nzoe@example.com,B\n"
        plan = await plan_of(session, text, **UPDATE)
    assert [text.partition(":")[0] for _, text in planned(plan)] == ["failed", "failed"]


async def test_nothing_is_planned_where_the_server_ignores_look_ups_and_the_account_is_not_loaded() -> None:
    api = account()
    api.email_ignored = True
    async with open_session(api) as session:
        with pytest.raises(LookUpIgnored):
            await plan_of(session, "email\nann@example.com\nbob@example.com\n")


READ = Sweep(NOON_MS, 1000, 2, 2, first_new_row_id=1, ended_at_ms=NOON_MS, complete=True)


@pytest.mark.parametrize(
    "read", [READ, READ._replace(ended_at_ms=None, complete=False, renews=True)], ids=["read", "being read again"]
)
async def test_the_account_is_to_be_read_again_where_it_may_have_a_user_whom_no_look_up_finds(read: Sweep) -> None:
    api = account()
    api.email_ignored = True
    async with open_session(api) as session:
        await load(session, api)
        await session.mirror.save_sweep(read)
        await plan_of(session, "email\nann@example.com\n")
        await Directory(session).doubt_completeness()
        doubted = (await session.mirror.coverage()).sweep
        assert doubted is not None
        assert doubted.knew_all_users  # what others add meanwhile is news
        with pytest.raises(LookUpIgnored) as caught:
            await plan_of(session, "email\nann@example.com\n")
        assert caught.value.hint == "Read the account again first: R in the list of users, or walkme-tui export."
        await session.mirror.save_sweep(READ._replace(started_at_ms=NOON_MS + 1))
        assert planned(await plan_of(session, "email\nann@example.com\n")) == [(2, "create ann@example.com")]


async def test_where_the_server_ignores_look_ups_the_whole_local_copy_answers() -> None:
    api = account()
    api.email_ignored = True
    async with open_session(api) as session:
        await load(session, api, age_ms=FRESH_MS + 1)
        plan = await plan_of(session, "email,lastName\nann@example.com,A\nzoe@example.com,B\n", **UPDATE)
    assert [text for _, text in planned(plan)] == ["create ann@example.com", "set last name Çelik -> B"]
    assert NOT_LOOKED_UP in said(plan)


async def test_a_user_who_was_deleted_since_is_created_again() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api, age_ms=FRESH_MS + 1)
        api.remove(ZOE.id)
        plan = await plan_of(session, "email\nzoe@example.com\n")
    assert planned(plan) == [(2, "create zoe@example.com")]


# ------------------------------------------------------------ look-ups


async def test_a_fresh_and_whole_local_copy_answers_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner_module, "FEW", 0)
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        plan = await plan_of(session, ROWS + "ann@example.com,A,\n", **UPDATE)
    assert not look_ups(api)
    assert planned(plan)[2] == (4, "create ann@example.com")


async def test_a_local_copy_of_a_part_of_the_account_proves_no_email_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner_module, "FEW", 0)
    api = account()
    async with open_session(api) as session:
        await session.mirror.save_page(UserPage(1, 1, (ZOE,), 2), NOON_MS)
        plan = await plan_of(session, "email\nzoe@example.com\nbo@example.com\nann@example.com\n")
    assert look_ups(api) == ["bo@example.com", "ann@example.com"]
    assert [text.partition(":")[0] for _, text in planned(plan)] == ["unchanged", "unchanged", "create ann@example.com"]


async def test_an_older_local_copy_answers_for_many_rows_and_says_its_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner_module, "FEW", 2)
    api = account()
    async with open_session(api) as session:
        await load(session, api, age_ms=FRESH_MS + 1)
        plan = await plan_of(session, ROWS + "ann@example.com,A,\n")
    assert not look_ups(api)
    assert "(as read 2027-01-15T07:49:59Z); last name" in planned(plan)[0][1]
    notes = [each for each in plan.consequences if each.as_of_ms is not None]
    assert [(each.text, each.as_of_ms) for each in notes] == [
        ("2 rows were compared with the local copy of the account.", NOON_MS - FRESH_MS - 1)
    ]


async def test_a_few_rows_are_looked_up_where_the_local_copy_is_older() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api, age_ms=FRESH_MS + 1)
        api.edit(ZOE.id, last_name="Moreau", groups=("g1", "g2"))
        plan = await plan_of(session, ROWS, **UPDATE)
    assert look_ups(api) == ["ZOE@example.com", "bo@example.com"]
    assert [text for _, text in planned(plan)] == [
        "unchanged: the user exists already with these values",
        "unchanged: the user exists already and is inactive with these values",
    ]


async def test_fields_that_the_list_lacks_are_requested_where_they_decide() -> None:
    api = account()
    api.lean = True
    partial = ZOE._replace(first_name=UNKNOWN, last_name=UNKNOWN, role=UNKNOWN, groups=UNKNOWN, external_id=UNKNOWN)
    async with open_session(api) as session:
        await load(session, account(partial, BO))
        skipped = await plan_of(session, ROWS)
        assert not look_ups(api)
        updated = await plan_of(session, ROWS, **UPDATE)
    assert planned(skipped)[0] == (2, "skipped: the user exists already")
    assert planned(updated)[0] == (2, "set last name Çelik -> Moreau; join Beta")
    assert look_ups(api) == ["ZOE@example.com", ZOE.id]


async def test_a_planner_asks_once_for_each_email_and_reports_its_progress() -> None:
    api, done = account(), list[int]()
    async with open_session(api) as session:
        planner = ImportPlanner(session)
        request = request_of(session, ROWS + "ann@example.com,A,\n")
        assert await planner.unanswered(request) == 3
        assert not look_ups(api)
        first = await planner.plan(request, look_up=False)
        assert [text for _, text in planned(first)] == [
            "create ZOE@example.com; join Sales; join Beta",
            "create bo@example.com",
            "create ann@example.com",
        ]
        assert (look_ups(api), planner.is_answered("zoe@example.com")) == ([], False)
        await planner.plan(request, done.append)
        assert (len(look_ups(api)), done) == (3, [1, 2, 3])
        assert planner.is_answered("zoe@example.com")
        again = await planner.plan(request_of(session, ROWS + "ann@example.com,B,\n", **UPDATE))
        assert await planner.unanswered(request) == 0
    assert len(look_ups(api)) == 3
    assert len(api.asked("list_groups")) == 1
    assert [text for _, text in planned(again)] == [
        "set last name Çelik -> Moreau; join Beta",
        "unchanged: the user exists already and is inactive with these values",
        "create ann@example.com",
    ]


async def test_what_was_found_before_a_failure_is_kept() -> None:
    api = account()
    async with open_session(api) as session:
        planner = ImportPlanner(session)
        request = request_of(session, "email\nann@example.com\nbob@example.com\n")
        gate = api.hold("find_user")
        gate.set()
        api.fail_next(Unreachable("No route."), name="find_user")
        with pytest.raises(Unreachable):
            await planner.plan(request)
        await planner.plan(request)
        assert await planner.unanswered(request) == 0


async def test_without_a_local_copy_every_row_is_looked_up() -> None:
    api = account()
    async with open_session(api, mirror=BrokenMirror()) as session:
        plan = await plan_of(session, ROWS, **UPDATE)
    assert planned(plan)[0] == (2, "set last name Çelik -> Moreau; join Beta")


async def test_many_rows_are_checked_in_a_thread_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner_module, "MANY_ROWS", 1)
    async with open_session(account()) as session:
        plan = await plan_of(session, ROWS, **UPDATE)
    assert planned(plan)[0] == (2, "set last name Çelik -> Moreau; join Beta")


# ------------------------------------------------------------ SCIM, and what the plan says


async def test_scim_has_no_role_and_may_have_user_names_without_an_at_sign() -> None:
    text = "email,role,lastName\nann,Editor,A\nzoe@example.com,Viewer,Çelik\n"
    async with open_session(account(), surface=Surface.SCIM, time=ManualTime()) as session:
        plan = await plan_of(session, text, **UPDATE)
    assert planned(plan)[0] == (2, "create ann")
    assert planned(plan)[1][1].startswith("unchanged")
    assert [step.change for step in plan.steps] == [CreateUser.of("ann", {"last_name": "A"})]


async def test_what_concerns_many_rows_is_said_once_with_the_number_of_people() -> None:
    rows = "".join(f"new{number}@example.com,Admin,Sales\n" for number in range(3))
    async with open_session(account()) as session:
        plan = await plan_of(session, f"email,role,groups\n{rows}zoe@example.com,Viewer,Beta\n", **UPDATE)
    warnings = [each.text for each in plan.consequences if each.gravity is Gravity.WARNING]
    assert warnings[0] == "3 people will get the role Admin. An Admin may change everything in the WalkMe Console."
    assert any(text.startswith("3 people will be created. The server sets the status") for text in said(plan))
    assert all(not subject.consequences for subject in plan.subjects)


async def test_roles_that_no_loaded_user_has_are_named_with_the_nearest_one() -> None:
    api = account()
    roles = ["viewr", "viewr", "Viewer", "\x1b[2J", "b", "c", "d"]
    rows = "".join(f"new{number}@example.com,{role}\n" for number, role in enumerate(roles))
    async with open_session(api) as session:
        before = await plan_of(session, f"email,role\n{rows}")
        await load(session, api)
        plan = await plan_of(session, f"email,role\n{rows}zoe@example.com,Guest\n")
        unchanged = await plan_of(session, "email,role\nzoe@example.com,Viewer\n", **UPDATE)
    assert not any("no loaded user" in text for text in said(before) + said(unchanged))
    assert [text for text in said(plan) if "no loaded user" in text] == [
        "2 people will get the role viewr, which no loaded user has. Did you mean Viewer?",
        "1 person will get the role b, which no loaded user has.",
        "1 person will get the role c, which no loaded user has.",
        "The file has 4 roles that no loaded user has.",
    ]


async def test_new_emails_that_may_look_like_others_are_named() -> None:
    rows = "".join(f"{letter}nn@example.com\n" for letter in "aаäöé")  # the second letter is Cyrillic
    async with open_session(account()) as session:
        plan = await plan_of(session, f"email\n{rows}")
    named = "аnn@example.com, änn@example.com, önn@example.com, …"
    assert f"New emails with letters outside ASCII, which may look like others: {named}." in said(plan)


async def test_a_new_user_with_the_name_of_another_is_named() -> None:
    api = account()
    async with open_session(api) as session:
        await load(session, api)
        plan = await plan_of(session, "email,firstName,lastName\nz.celik@example.com,Zoe,Celik\n")
    (subject,) = plan.subjects
    assert [each.text for each in subject.consequences] == ["1 other is called Zoe Celik too: zoe@example.com."]


async def test_rows_that_do_nothing_keep_no_cells() -> None:
    async with open_session(account()) as session:
        plan = await plan_of(session, ROWS)
    assert plan.source is not None
    assert [(row.outcome, row.cells) for row in plan.source.rows] == [
        (RowOutcome.SKIPPED, ()),
        (RowOutcome.UNCHANGED, ()),
    ]
