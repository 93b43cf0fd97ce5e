"""Arbitrary plans for property tests, with any text that other systems may contain."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from tests.support.exact_json import NUMBER_TEXTS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import FIELDS, CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.edits import EDITABLE
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.imports.source import WITHOUT_STEPS, ImportRow, ImportSource, OnConflict
from walkme_tui.domain.json_text import loads
from walkme_tui.domain.plans import Consequence, Gravity, GroupSubject, Plan, PlanKind, Subject, numbered
from walkme_tui.domain.table_cells import is_delimiter
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import UNKNOWN, User

# Every character of a Python text, lone surrogates included: JSON can contain them.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
MOMENTS = st.integers(-60_000_000_000_000, 250_000_000_000_000)
GROUPS = st.builds(Group, IDS, st.none() | TEXTS)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | NUMBER_TEXTS.map(loads) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
_TIMES = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
_OPTIONAL = {
    "email": TEXTS | st.none(),
    "firstName": TEXTS | st.none() | st.integers(),
    "lastName": TEXTS | st.none(),
    "role": TEXTS | st.none(),
    "status": st.sampled_from(["active", "inactive", "pending", "odd"]) | st.none(),
    "externalId": TEXTS | st.none(),
    "groups": st.lists(IDS, max_size=4) | st.none() | TEXTS,
    "createdAt": _TIMES | TEXTS | st.none(),
    "updatedAt": _TIMES | st.none(),
    "lastLogin": _JSON,
    "\ud83d half": _JSON,
}


@st.composite
def users(draw: st.DrawFn, ids: st.SearchStrategy[str] = IDS) -> User:
    """A user as an answer of a server describes one."""
    raw = draw(st.fixed_dictionaries({"id": ids}, optional=_OPTIONAL))
    user = decode_user(raw)
    assert isinstance(user, User)
    return user


def changes(user_ids: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Changes of one of these users."""
    before = st.just(UNKNOWN) | st.none() | TEXTS
    fields = st.builds(FieldChange, st.sampled_from(EDITABLE), before, st.none() | TEXTS)
    edits = st.lists(fields, min_size=1, max_size=3, unique_by=lambda field: field.attribute).map(tuple)
    return st.one_of(
        st.builds(UpdateUser, user_ids, edits),
        st.builds(DeleteUser, user_ids, before, before),
        st.builds(SetStatus, user_ids, before, TEXTS.filter(bool)),
        st.builds(AddMember, user_ids, GROUPS),
        st.builds(RemoveMember, user_ids, GROUPS),
    )


CONSEQUENCES = st.builds(
    Consequence, st.sampled_from(Gravity), TEXTS, st.none() | MOMENTS, st.none() | st.integers(1, 99)
)


def creations() -> st.SearchStrategy[CreateUser]:
    """Creations of users."""
    values = st.dictionaries(st.sampled_from([*FIELDS.values()]), TEXTS)
    return st.builds(CreateUser.of, TEXTS.filter(bool), values)


def group_changes(group_ids: st.SearchStrategy[str]) -> st.SearchStrategy[Change]:
    """Changes of one of these groups itself."""
    return st.one_of(
        st.builds(RenameGroup, group_ids, st.none() | TEXTS, TEXTS.filter(bool)),
        st.builds(DeleteGroup, group_ids, st.none() | TEXTS, st.booleans()),
    )


@st.composite
def group_plans(draw: st.DrawFn, max_steps: int = 3) -> Plan:
    """A plan of any kind for up to three groups."""
    creation = draw(st.none() | st.builds(CreateGroup.of, TEXTS.filter(bool)))
    ids = draw(st.lists(IDS, min_size=1, max_size=2, unique=True))
    if creation is not None and creation.subject_id not in ids:
        ids.append(creation.subject_id)
    members, some = st.none() | st.integers(0, 10**6), st.lists(CONSEQUENCES, max_size=2)
    groups = tuple(
        GroupSubject(Group(group_id, draw(st.none() | TEXTS)), draw(members), draw(MOMENTS), tuple(draw(some)))
        for group_id in ids
    )
    wished: list[Change] = draw(st.lists(group_changes(st.sampled_from(ids)), max_size=max_steps))
    if creation is not None:
        wished.insert(0, creation)
    plan = draw(user_plans(max_steps=0))
    return replace(plan, subjects=(), source=None, groups=groups, steps=numbered(wished, strict=draw(st.booleans())))


def plans(max_steps: int = 6) -> st.SearchStrategy[Plan]:
    """A plan of any kind for users or for groups."""
    return st.one_of(user_plans(max_steps), group_plans(min(max_steps, 3)))


def group_records(ids: st.SearchStrategy[str] = IDS) -> st.SearchStrategy[GroupRecord]:
    """A group as it was read."""
    members = st.just(UNKNOWN) | st.lists(IDS, max_size=3).map(tuple)
    return st.builds(GroupRecord, st.builds(Group, ids, st.none() | TEXTS), members)


@st.composite
def user_plans(draw: st.DrawFn, max_steps: int = 6) -> Plan:
    """A plan of any kind for up to three users."""
    creation = draw(st.none() | creations())
    ids = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    if creation is not None and creation.subject_id not in ids:
        ids.append(creation.subject_id)
    subjects = tuple(
        Subject(
            draw(users(st.just(user_id))),
            draw(MOMENTS),
            tuple(draw(st.lists(GROUPS, max_size=3))),
            draw(st.frozensets(IDS, max_size=2)),
            tuple(draw(st.lists(CONSEQUENCES, max_size=2))),
        )
        for user_id in ids
    )
    wished = draw(st.lists(changes(st.sampled_from(ids)), max_size=max_steps))
    if creation is not None:
        wished.insert(0, creation)
    return Plan(
        draw(st.sampled_from(PlanKind)),
        draw(TEXTS),
        draw(TEXTS),
        draw(MOMENTS),
        subjects,
        tuple(replace(step, email=draw(st.none() | TEXTS)) for step in numbered(wished, strict=draw(st.booleans()))),
        draw(TEXTS),
        draw(st.none() | TEXTS),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        draw(st.sampled_from(Surface)),
        source=draw(st.none() | import_sources([subject.id for subject in subjects])),
        author=draw(TEXTS),
    )


@st.composite
def import_sources(draw: st.DrawFn, subject_ids: Sequence[str]) -> ImportSource:
    """A file whose rows have the steps of some of these subjects, or an outcome."""
    cells = st.lists(TEXTS, max_size=3).map(tuple)
    lines, conflicts = st.integers(1, 10**6), st.none() | st.sampled_from(OnConflict)
    rows = [
        ImportRow(draw(lines), draw(cells), draw(conflicts), subject_id)
        for subject_id in subject_ids
        if draw(st.booleans())
    ]
    settled = st.builds(ImportRow, lines, cells, conflicts, outcome=st.sampled_from(WITHOUT_STEPS), detail=TEXTS)
    delimiter = draw(st.characters(codec="utf-8").filter(is_delimiter))
    return ImportSource(draw(TEXTS), draw(cells), (*rows, *draw(st.lists(settled, max_size=2))), delimiter)
