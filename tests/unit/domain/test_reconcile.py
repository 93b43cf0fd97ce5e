"""REST compared with SCIM: against a brute-force oracle, with planted drift, and after one side was adopted."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.groups import Group
from walkme_tui.domain.reconcile.adoption import adopt
from walkme_tui.domain.reconcile.classes import CLASS_TEXTS, PairClass
from walkme_tui.domain.reconcile.matching import Pair, compare, differences, together
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.domain.text import email_key
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, User

LONG = "00000000-0000-0000-0000-00000000000"
GROUPS = {"r1": Group("r1", "Sales"), "r2": Group("r2", "Beta"), "shared": Group("shared", "Ops")}
THERE = {"s1": Group("s1", "Sales"), "s2": Group("s2", "Beta"), "shared": Group("shared", "Ops")}
SHARED = SharedGroups.of(GROUPS.values(), THERE.values())

TEXTS = st.sampled_from(["", "a", "b", "c", None, UNKNOWN])
EMAILS = st.sampled_from(["x@e.com", "X@e.com", "y@e.com", "z@e.com", "É@e.com", "E\u0301@e.com", "", None, UNKNOWN])
STATUSES = st.sampled_from(["active", "inactive", "pending", "Inactive", None, UNKNOWN])


def sides(group_ids: Sequence[str]) -> st.SearchStrategy[list[User]]:
    """The users of one surface; ids are unique on it."""
    groups = st.just(UNKNOWN) | st.none() | st.lists(st.sampled_from(group_ids), max_size=3).map(tuple)
    ids = st.sampled_from([f"{LONG}{number}" for number in range(6)] + ["1", "2", "3"])
    users = st.builds(
        User,
        ids,
        email=EMAILS,
        first_name=TEXTS,
        last_name=TEXTS,
        status=STATUSES,
        external_id=TEXTS,
        groups=groups,
    )
    return st.lists(users, max_size=6, unique_by=lambda user: user.id)


def compared(users: Sequence[User], first_row: int = 1) -> list[ComparedUser]:
    return [ComparedUser.of(user, row) for row, user in enumerate(users, first_row)]


# ------------------------------------------------------------ the oracle


def oracle(rest: Sequence[ComparedUser], scim: Sequence[ComparedUser]) -> list[Pair]:
    """The pairs as the rules say them, by looking at every record for every other."""
    partner: dict[int, ComparedUser] = {}
    for same in (_same_id, _same_external_id, _same_email):
        for user in rest:
            free = [other for other in scim if other not in partner.values()]
            if user.row_id not in partner and (found := [other for other in free if same(user, other)]):
                partner[user.row_id] = found[0]
    pairs = []
    for user in rest:
        other = partner.get(user.row_id)
        doubled = _shared(user, rest) or (other is not None and _shared(other, scim))
        doubled = doubled or (other is None and any(_person(user, each) for each in partner.values()))
        pairs.append(Pair(user, other, _classes(user, other, doubled)))
    matched = [user for user in rest if user.row_id in partner]
    for other in scim:
        if other not in partner.values():
            doubled = _shared(other, scim) or any(_person(user, other) for user in matched)
            pairs.append(Pair(None, other, _classes(None, other, doubled)))
    return pairs


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _same_email(one: ComparedUser, other: ComparedUser) -> bool:
    return bool(_text(one.email)) and email_key(_text(one.email)) == email_key(_text(other.email))


def _same_external_id(one: ComparedUser, other: ComparedUser) -> bool:
    return bool(_text(one.external_id)) and one.external_id == other.external_id


def _same_id(one: ComparedUser, other: ComparedUser) -> bool:
    emails = email_key(_text(one.email)), email_key(_text(other.email))
    return one.id == other.id and (len(one.id) >= 20 or emails[0] == emails[1])


def _person(one: ComparedUser, other: ComparedUser) -> bool:
    return _same_external_id(one, other) or _same_email(one, other)


def _shared(user: ComparedUser, side: Sequence[ComparedUser]) -> bool:
    return any(_person(user, other) for other in side if other.row_id != user.row_id)


def _classes(rest: ComparedUser | None, scim: ComparedUser | None, doubled: bool) -> tuple[PairClass, ...]:
    found = set()
    if rest is None:
        found.add(PairClass.ONLY_SCIM)
    elif scim is None:
        found.add(PairClass.ONLY_REST)
    else:
        active = [
            None if not isinstance(each.status, str) else each.status.lower() != "inactive" for each in (rest, scim)
        ]
        if None not in active and active[0] != active[1]:
            found.add(PairClass.STATUS)
        for name in ("email", "first_name", "last_name", "external_id"):
            values = [getattr(rest, name), getattr(scim, name)]
            if UNKNOWN in values or (values[0] or None) == (values[1] or None):
                continue
            if name != "email" or not _same_email(rest, scim):
                found.add(PairClass.FIELD)
        if rest.groups is not UNKNOWN and scim.groups is not UNKNOWN:
            # A group without a known name may be any of the other side.
            here = set(rest.groups or ())
            there = {{"s1": "r1", "s2": "r2", "shared": "shared"}.get(each, each) for each in scim.groups or ()}
            if "unlisted" not in here | there and here != there:
                found.add(PairClass.MEMBERSHIP)
    if doubled:
        found.add(PairClass.DUPLICATE)
    return tuple(each for each in PairClass if each in found) or (PairClass.MATCHED,)


@given(sides([*GROUPS, "unlisted"]), sides([*THERE, "unlisted"]))
def test_every_pair_is_what_a_brute_force_comparison_finds(rest: list[User], scim: list[User]) -> None:
    ours, theirs = compared(rest), compared(scim)
    assert compare(ours, theirs, SHARED) == oracle(ours, theirs)


@given(sides([*GROUPS]), sides([*THERE]))
def test_classes_and_differences_say_the_same(rest: list[User], scim: list[User]) -> None:
    for pair in compare(compared(rest), compared(scim), SHARED):
        if pair.rest is not None and pair.scim is not None:
            found = {each.attribute for each in differences(pair.rest, pair.scim, SHARED)}
            assert ("status" in found) is (PairClass.STATUS in pair.classes)
            assert ("groups" in found) is (PairClass.MEMBERSHIP in pair.classes)
            assert bool(found - {"status", "groups"}) is (PairClass.FIELD in pair.classes)


@given(sides([*GROUPS]), sides([*THERE]))
def test_duplicates_stand_next_to_those_that_they_share_a_value_with(rest: list[User], scim: list[User]) -> None:
    pairs = [pair for pair in compare(compared(rest), compared(scim), SHARED) if PairClass.DUPLICATE in pair.classes]
    ordered = together(pairs)
    assert sorted(map(pairs.index, ordered)) == list(range(len(pairs)))

    def reached(pair: Pair, of: Sequence[Pair]) -> list[Pair]:
        """The pairs of one group, by looking at every record for every other until nothing is added."""
        found = [pair]
        for each in found:
            records = [side for side in each[:2] if side is not None]
            for other in of:
                mine = [side for side in other[:2] if side is not None]
                if other not in found and any(_person(one, two) for one in records for two in mine):
                    found.append(other)
        return found

    left = ordered
    while left:
        group = reached(left[0], pairs)
        assert sorted(map(pairs.index, left[: len(group)])) == sorted(map(pairs.index, group))
        assert pairs.index(left[0]) == min(map(pairs.index, left))
        left = left[len(group) :]


# ------------------------------------------------------------ planted drift

DRIFT = {
    PairClass.MATCHED: lambda user: user._replace(status="active" if user.status == "pending" else user.status),
    PairClass.STATUS: lambda user: user._replace(status="active" if user.status == "inactive" else "inactive"),
    PairClass.FIELD: lambda user: user._replace(last_name=f"{user.last_name} b"),
    PairClass.MEMBERSHIP: lambda user: user._replace(groups=tuple({"s1", "s2"} ^ set(user.groups))),
}


@given(st.lists(st.tuples(st.sampled_from(PairClass), st.sampled_from(["active", "inactive", "pending"])), max_size=30))
def test_planted_drift_is_found_and_none_is_invented(planted: list[tuple[PairClass, str]]) -> None:
    rest: list[User] = []
    scim: list[User] = []
    expected: list[tuple[str, tuple[PairClass, ...]]] = []
    numbers = count(1)
    for drift, status in planted:
        number = next(numbers)
        email, external_id = f"p{number}@e.com", f"okta|{number}"
        user = User(f"rest-{number:030}", email, "P", str(number), "Viewer", status, external_id, groups=("r1",))
        there = user._replace(
            id=f"scim-{number:030}", groups=("s1",), status="active" if status != "inactive" else status
        )
        if drift is not PairClass.ONLY_SCIM:
            rest.append(user)
        if drift is not PairClass.ONLY_REST:
            scim.append(DRIFT.get(drift, lambda same: same)(there))
        expected.append((email, (drift,)))
        if drift is PairClass.DUPLICATE:
            scim.append(there._replace(id=f"second-{number:030}", external_id=None))
            expected.append((email, (PairClass.ONLY_SCIM, PairClass.DUPLICATE)))
    found = [
        (str((pair.rest or pair.scim).email), pair.classes)  # type: ignore[union-attr]  # one of the two is there
        for pair in compare(compared(rest), compared(scim), SHARED)
    ]
    assert sorted(found) == sorted(expected)


# ------------------------------------------------------------ adoption


@given(sides([*GROUPS]), sides([*THERE]), st.sampled_from(Surface))
def test_after_a_side_was_adopted_nothing_differs_but_duplicates(
    rest: list[User], scim: list[User], changed: Surface
) -> None:
    here, there = {user.id: user for user in rest}, {user.id: user for user in scim}
    own, other = (here, there) if changed is Surface.REST else (there, here)
    numbers = count(1)
    left_out: set[str] = set()
    pairs: list[Pair] = []
    # An adoption may end a duplicate, whose difference is adopted then.
    for _ in range(len(rest) + len(scim) + 1):
        pairs = compare(compared([*here.values()]), compared([*there.values()]), SHARED)
        left_out = set()
        for pair in pairs:
            mine, theirs = (pair.rest, pair.scim) if changed is Surface.REST else (pair.scim, pair.rest)
            if PairClass.DUPLICATE in pair.classes or not pair.differs:
                continue
            user = None if mine is None else own[mine.id]
            adopted = adopt(changed, user, None if theirs is None else other[theirs.id], SHARED)
            left_out.update(adopted.left_out)
            for change in adopted.changes:
                user = change.apply(User(f"new-{next(numbers):030}") if change.creates or user is None else user)
            if user is not None:
                own[user.id] = user
    gone = PairClass.ONLY_REST if changed is Surface.REST else PairClass.ONLY_SCIM
    for pair in pairs:
        mine = pair.rest if changed is Surface.REST else pair.scim
        if PairClass.DUPLICATE in pair.classes or not pair.differs:
            continue
        # A record that only the changed side has is deactivated, never deleted; without an email no user is created.
        if pair.classes == (gone,):
            assert mine is not None
            assert not isinstance(mine.status, str) or mine.status.lower() == "inactive"
        else:
            assert left_out
            if pair.rest is not None and pair.scim is not None:
                assert [each.attribute for each in differences(pair.rest, pair.scim, SHARED)] == ["email"]


@pytest.mark.parametrize(
    ("attribute", "value", "surface", "reason"),
    [
        ("email", None, Surface.SCIM, "an email is required"),
        ("email", "", Surface.REST, "an email is required"),
        ("email", "zoe", Surface.REST, "users of the REST API have an email and no other name"),
        ("last_name", "Ç\x07", Surface.SCIM, "it has a control character (bell, U+0007) at character 2"),
    ],
)
def test_a_value_that_cannot_be_sent_is_left_out_with_the_reason(
    attribute: str, value: str | None, surface: Surface, reason: str
) -> None:
    own = User("u", "zoe@e.com", last_name="A", external_id="e", status="active", groups=())
    changed: dict[str, Any] = {attribute: value, "first_name": "Zoë"}
    other = own._replace(**changed)
    there = "REST" if surface is Surface.SCIM else "SCIM"
    label = f"{value or 'u'}" if attribute == "email" else "zoe@e.com"
    sentence = f"{label}: the {FIELD_LABELS[attribute]} of {there} is not adopted: {reason}."
    adopted = adopt(surface, own._replace(first_name=None), other, SHARED)
    assert [change.describe() for change in adopted.changes] == ["set first name none -> Zoë"]
    assert adopted.left_out == (sentence,)
    created = adopt(surface, None, other, SHARED)
    if attribute == "email":
        assert not created.changes
    else:
        assert sentence in created.left_out
        creation = created.changes[0]
        assert isinstance(creation, CreateUser)
        assert creation.values == (("first_name", "Zoë"), ("external_id", "e"))


def test_groups_are_the_same_by_id_or_by_a_name_that_only_one_has() -> None:
    assert SHARED.rest_ids == {"s1": "r1", "s2": "r2", "shared": "shared"}
    twice = [Group("a", "Sales"), Group("b", "Sales")]
    assert SharedGroups.of(twice, [Group("c", "Sales")]).rest_ids == {}
    assert SharedGroups.of([Group("a", None)], [Group("b", None)]).rest_ids == {}


@pytest.mark.parametrize("surface", Surface)
def test_a_group_that_only_one_side_has_is_left_out_with_its_name(surface: Surface) -> None:
    known = {surface: {}, Surface.REST if surface is Surface.SCIM else Surface.SCIM: {"g": Group("g", "Alumni\x1b")}}
    user = User("u", "zoe@e.com", status="active", groups=())
    adopted = adopt(surface, user, user._replace(groups=("g",)), SharedGroups(known))
    assert adopted.changes == ()
    assert adopted.left_out == (f"zoe@e.com: {surface.upper()} has no group Alumni␛.",)


def test_nobody_leaves_or_joins_a_group_where_the_name_of_one_is_not_known() -> None:
    user = User("u", "zoe@e.com", status="active", last_name="A", groups=("r1",))
    other = user._replace(last_name="B", groups=("new",))
    adopted = adopt(Surface.REST, user, other, SHARED)
    assert [change.describe() for change in adopted.changes] == ["set last name A -> B"]
    assert adopted.left_out == ("zoe@e.com: the groups stay as they are, because the name of one is not known.",)


def test_every_class_says_what_it_means_and_who_acts() -> None:
    assert set(CLASS_TEXTS) == set(PairClass)
    assert all(
        text.label and text.meaning.endswith(".") and text.action.endswith((".", "do."))
        for text in CLASS_TEXTS.values()
    )
