"""Completion of filter terms, suggestions, and values of a filter that no user has."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from walkme_tui.domain.filter_completion import (
    MAX_CHOICES,
    MAX_OFFERED_LENGTH,
    Completion,
    KnownValues,
    Offer,
    applied,
    complete,
    group_offer,
    nearest_offer,
    unmatched_values,
)
from walkme_tui.domain.filters import FilterProblem, InGroup, parse_filter
from walkme_tui.domain.text import clean, search_key

KNOWN = KnownValues(
    ("active", "inactive", "pending"),
    frozenset({"Admin", "Admin (Console)", "Editor", "Viewer"}),
    ["Sales", "Field EMEA", "Beta", "None", 'The "A" team', "Sales, North", "8c1f00"],
)
NOTHING = KnownValues()

ANY = st.characters(exclude_categories=())
NAMES = st.text(st.one_of(st.sampled_from('ab ,":-\x1b\u200bé'), ANY), max_size=12)
TYPED = st.lists(
    st.sampled_from(["sta", "status:", "-role:", "group:", "has:", '"', ",", " ", "a", "No", "sales", "x:"]), max_size=6
).map("".join)


def choices(text: str, values: KnownValues = KNOWN) -> list[str]:
    """The choices at the end of a text."""
    found = complete(text, len(text), values)
    return [] if found is None else list(found.choices)


# ------------------------------------------------------------ suggestions


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sales", "group:Sales"),
        ("SAL", "group:Sales"),  # the first group with this prefix, but an exact name first
        ("zoe sales", "zoe group:Sales"),
        ("status:active sales", "status:active group:Sales"),
        ("field emea", 'group:"Field EMEA"'),
        ("status:active field", 'status:active group:"Field EMEA"'),
        ("none", 'group:"None"'),
        ("sa", None),
        ("-sales", None),
        ("sales zoe", None),
        ("group:sales", None),
        ("yilmas", None),
        ("", None),
    ],
)
def test_the_name_of_a_group_suggests_a_group_term(typed: str, offered: str | None) -> None:
    found = group_offer(typed, KNOWN.groups)
    assert (found and found.text) == offered
    assert group_offer(typed, None) is None


@given(TYPED, st.lists(NAMES, max_size=4))
def test_a_suggested_group_term_is_always_valid(typed: str, names: list[str]) -> None:
    found = group_offer(typed, names)
    if found is not None:
        *_, last = parse_filter(found.text).conditions
        assert isinstance(last.test, InGroup)
        assert not parse_filter(found.text).problems or parse_filter(typed).problems
        assert clean(found.reason) == found.reason


def test_the_nearest_words_replace_words_without_a_match() -> None:
    near = {"yilmas": "Y\u0131lmaz", "seles": "sales"}
    assert nearest_offer("zoe YILMAS -yilmas status:active", near) == Offer(
        "zoe Y\u0131lmaz -yilmas status:active", "Nearest: Y\u0131lmaz."
    )
    assert nearest_offer("yilmas seles", near) == Offer("Y\u0131lmaz sales", "Nearest: Y\u0131lmaz, sales.")
    assert nearest_offer("zoe", near) is None


# ------------------------------------------------------------ completion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sta", ["status:"]),
        ("STA", ["status:"]),
        ("-gr", ["-group:"]),
        ("zoe up", ["updated:"]),
        ("status", ["status:"]),
        ("s", []),
        ("", []),
        ("-", []),
        ('"sta', []),
        ("sales", []),
        ("status:", ["status:active", "status:inactive", "status:pending"]),
        ("Status:in", ["Status:inactive"]),
        ("status:activ", ["status:active", "status:inactive"]),
        ("status:active", []),
        ("status:active,", ["status:active,inactive", "status:active,pending"]),
        ("status:active,pe", ["status:active,pending"]),
        ("role:ad", ["role:Admin", 'role:"Admin (Console)"']),
        ("role:admin", ['role:"Admin (Console)"']),
        ("role:con", ['role:"Admin (Console)"']),
        ("role:wer", ["role:Viewer"]),
        ("role:er", []),
        ("group:fie", ['group:"Field EMEA"']),
        ('group:"fie', ['group:"Field EMEA"']),
        ('group:"sal', ['group:"Sales"', 'group:"Sales, North"']),
        ("-group:emea", ['-group:"Field EMEA"']),
        ("group:no", ['group:"None"', 'group:"Sales, North"', "group:none"]),
        ("group:none", []),
        ("group:the", ['group:"The ""A"" team"']),
        ("group:beta,8", ["group:beta,8c1f00"]),
        ("has:", ["has:email", "has:externalId", "has:groups", "has:name", "has:role"]),
        ("has:E", ["has:email", "has:externalId"]),
        ("has:role,", []),
        ("created:", []),
        ("foo:", []),
        ("status:active ", []),
    ],
)
def test_choices_for_the_last_term(text: str, expected: list[str]) -> None:
    assert choices(text) == expected


@pytest.mark.parametrize(
    ("text", "ghost"),
    [("sta", "tus:"), ("STATUS:IN", "active"), ("group:fie", ""), ('group:"fie', 'ld EMEA"'), ("role:con", "")],
)
def test_the_ghost_text_is_the_rest_of_the_best_choice(text: str, ghost: str) -> None:
    found = complete(text, len(text), KNOWN)
    assert found is not None
    assert found.ghost == ghost


def test_unknown_values_are_not_offered() -> None:
    assert choices("role:", NOTHING) == []
    assert choices("group:", NOTHING) == ["group:none"]
    assert choices("status:p", NOTHING) == ["status:pending"]


def test_the_number_of_choices_is_limited_and_group_none_is_included() -> None:
    many = KnownValues(groups=[f"Group {number:03}" for number in range(500)])
    assert choices("group:", many) == [*(f'group:"Group {number:03}"' for number in range(7)), "group:none"]
    assert len(choices("group:gr", many)) == MAX_CHOICES
    assert choices("group:gr,", many)[0] == 'group:gr,"Group 000"'


def test_only_a_term_that_ends_at_the_caret_is_completed() -> None:
    text = "sta group:x"
    found = complete(text, 3, KNOWN)
    assert found == Completion(0, 3, "sta", ("status:",))
    assert applied(text, found, found.choices[0]) == ("status: group:x", 7)
    assert complete(text, 2, KNOWN) is None
    assert complete(text, 4, KNOWN) is None
    assert complete(text, -1, KNOWN) is None
    assert complete(text, 12, KNOWN) is None


def test_completion_of_an_open_quote_keeps_the_text_after_the_caret() -> None:
    text = 'group:"fie status:active'
    found = complete(text, 10, KNOWN)
    assert found is not None
    assert applied(text, found, found.choices[0]) == ('group:"Field EMEA" status:active', 18)
    assert complete('group:"fie d" x', 10, KNOWN) is None


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Zoë's", ["Zoë's"]),
        ("  two   blanks ", ['"two blanks"']),
        ("zero\u200bwidth", ["zerowidth"]),
        ("a\x1b[31mb", []),
        ("\u202e", []),
        ("", []),
        ("'", []),
        ("x" * (MAX_OFFERED_LENGTH + 1), []),
    ],
)
def test_hostile_names_are_offered_cleaned_or_not_at_all(name: str, offered: list[str]) -> None:
    assert choices("role:", KnownValues(roles=[name])) == [f"role:{value}" for value in offered]


@given(st.lists(NAMES, max_size=6), TYPED)
@example(["\u202ea\x1b", "none"], "group:")
def test_choices_are_printable_and_valid_terms(names: list[str], text: str) -> None:
    found = complete(text, len(text), KnownValues(names, names, names))
    if found is None:
        return
    assert 1 <= len(found.choices) <= MAX_CHOICES
    assert len(set(found.choices)) == len(found.choices)
    for choice in found.choices:
        assert clean(choice) == choice
        whole, caret = applied(text, found, choice)
        assert whole[found.start : caret] == choice
        assert caret == len(whole)
        assert len(parse_filter(choice).conditions) <= 1
    assert not found.ghost or (found.typed + found.ghost).casefold() == found.choices[0].casefold()


@given(st.lists(NAMES, min_size=1, max_size=6), st.data())
def test_a_chosen_group_is_found_by_its_name(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names))
    key = search_key(name)
    assume(key)
    typed = key[: data.draw(st.integers(0, len(key) - 1))].replace('"', '""')
    text = f'-group:"{typed}'
    values = KnownValues(groups=names)
    for choice in choices(text, values):
        [condition] = parse_filter(choice).conditions
        assert isinstance(condition.test, InGroup)
        assert set(condition.test.names) <= set(map(search_key, names))
        assert unmatched_values(parse_filter(choice), choice, values) == ()


# ------------------------------------------------------------ values that no user has


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (
            "zoe role:admn",
            (9, 13),
            "No loaded user has the role admn. Known: Admin, Admin (Console), Editor, Viewer.",
        ),
        ("status:active,gone", (14, 18), "No loaded user has the status gone. Known: active, inactive, pending."),
        ("-group:slaes", (7, 12), "No group begins with “slaes”. Nearest: Sales."),
        ('group:"Field EMAE" x', (6, 18), "No group begins with “Field EMAE”. Nearest: Field EMEA."),
        ("group:qqq", (6, 9), "No group begins with “qqq”."),
        ("role:a\x1bb", (5, 8), "No loaded user has the role a␛b. Known: Admin, Admin (Console), Editor, Viewer."),
    ],
)
def test_a_value_that_no_user_has_is_reported_with_known_values(text: str, place: tuple[int, int], said: str) -> None:
    assert unmatched_values(parse_filter(text), text, KNOWN) == (FilterProblem(*place, said),)


@pytest.mark.parametrize(
    "text",
    [
        "zoe",
        "STATUS:in",
        "role:ADM,v",
        "group:none",
        'group:"field',
        "-group:sal",
        "created:2024",
        "status:,",
        "group:8C",
    ],
)
def test_prefixes_of_known_values_are_not_reported(text: str) -> None:
    assert unmatched_values(parse_filter(text), text, KNOWN) == ()


def test_several_unmatched_values_are_reported_in_order() -> None:
    text = "role:x,admin,y group:z"
    found = unmatched_values(parse_filter(text), text, KNOWN)
    assert [text[problem.start : problem.end] for problem in found] == ["x", "y", "z"]


def test_values_are_not_reported_while_the_known_ones_are_not_loaded() -> None:
    text = "status:x role:x group:x"
    assert unmatched_values(parse_filter(text), text, NOTHING) == ()
    empty = unmatched_values(parse_filter(text), text, KnownValues((), (), ()))
    assert [problem.reason for problem in empty] == [
        "No loaded user has the status x.",
        "No loaded user has the role x.",
        "No group begins with “x”.",
    ]


def test_with_many_roles_only_the_nearest_are_listed() -> None:
    roles = [*(f"Role {number:03}" for number in range(300)), "Editor"]
    text = "role:edtior"
    [problem] = unmatched_values(parse_filter(text), text, KnownValues(roles=roles))
    assert problem.reason == "No loaded user has the role edtior. Nearest: Editor."


@given(st.lists(NAMES, max_size=8), NAMES)
def test_the_reason_for_an_unmatched_value_is_one_printable_line(names: list[str], typed: str) -> None:
    text = "role:" + typed
    for problem in unmatched_values(parse_filter(text), text, KnownValues(names, names, names)):
        assert clean(problem.reason) == problem.reason
        assert 5 <= problem.start < problem.end <= len(text)


def test_where_users_have_no_roles_a_term_about_them_is_wrong_and_not_offered() -> None:
    values = KnownValues(("active",), None, None, "SCIM has no role: use REST")
    text = "zoe -role:admin has:role has:name status:active"
    assert unmatched_values(parse_filter(text), text, values) == (
        FilterProblem(4, 15, "SCIM has no role: use REST."),
        FilterProblem(16, 24, "SCIM has no role: use REST."),
    )
    assert complete("ro", 2, KnownValues()) is not None
    assert complete("ro", 2, values) is None
    offered = complete("has:", 4, values)
    assert offered is not None
    assert not {"has:role", "role:"} & set(offered.choices)
