"""The filter language: conditions of a typed text, and its problems."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.filter_terms import MAX_VALUES, terms, written
from walkme_tui.domain.filters import (
    HAS_FIELDS,
    MAX_TERMS,
    Age,
    Between,
    Condition,
    Filter,
    FilterProblem,
    Has,
    HasField,
    HasRole,
    HasStatus,
    InGroup,
    InNoGroup,
    NoUser,
    Test,
    Word,
    parse_filter,
    resolved,
)
from walkme_tui.domain.text import clean, search_key

# Any text, mostly of characters with a meaning in a filter.
ANY = st.characters(exclude_categories=())
TYPED = st.text(st.one_of(st.sampled_from('ab"",::--  <=>.\t\'´ı\ud800'), ANY), max_size=30)
TERMS = st.lists(
    st.one_of(
        TYPED, st.sampled_from(["status:", "ROLE:a,", 'group:"', "-has:", "created:<", "updated:", "30d", "2024-1"])
    ),
    max_size=6,
).map("".join)
KEYS = st.one_of(st.just("none"), st.text(st.one_of(st.sampled_from('ab",:- é'), ANY), min_size=1, max_size=8))
KEYS = KEYS.map(lambda text: "".join(parse_filter(written(text)).words)).filter(bool)
VALUES = st.lists(KEYS, min_size=1, max_size=3, unique=True).map(tuple)

DAY_MS = 86_400_000


def ms(text: str) -> int:
    """Midnight UTC of a day, in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def conditions(text: str) -> list[tuple[Test, bool]]:
    return [(condition.test, condition.negated) for condition in parse_filter(text).conditions]


def only(text: str) -> Test:
    """The test of a text that has exactly one, not negated."""
    [(test, negated)] = conditions(text)
    assert not negated
    return test


def reason(text: str) -> str:
    """The only problem of a text that matches no user."""
    found = parse_filter(text)
    assert [(condition.test, condition.negated) for condition in found.conditions] == [(NoUser(), False)]
    [problem] = found.problems
    return problem.reason


# ------------------------------------------------------------ any text


@given(TERMS)
@example('"')
@example("group:none,none")
@example("created:9999..9999-12-31 updated:<0000")
@example("\u0345status:a")
def test_any_text_is_parsed_and_places_are_within_it(text: str) -> None:
    found = parse_filter(text)
    for spans in (found.conditions, found.problems):
        ends = [end for each in spans for end in (each.start, each.end)]
        assert ends == sorted(ends)
        assert all(each.start < each.end for each in spans)
        assert all(0 <= end <= len(text) for end in ends)
    wrong = [(each.start, each.end) for each in found.conditions if isinstance(each.test, NoUser)]
    assert wrong == [(problem.start, problem.end) for problem in found.problems]
    assert not any(condition.negated for condition in found.conditions if isinstance(condition.test, NoUser))


@given(TERMS)
def test_the_reason_of_a_problem_is_one_printable_line(text: str) -> None:
    for problem in parse_filter(text).problems:
        assert clean(problem.reason) == problem.reason
        assert problem.reason.endswith((".", "?"))
        assert len(problem.reason) < 400


@given(TERMS)
@example("role:\ud800")
@example("half\ud800")
def test_parsed_words_are_folded_and_can_be_encoded(text: str) -> None:
    for condition in parse_filter(text).conditions:
        match condition.test:
            case Word(word):
                looked_for: tuple[str, ...] = (word,)
                assert len(word) >= 3 or word.isalnum()
            case HasStatus(values) | HasRole(values) | InGroup(values):
                looked_for = values
            case _:
                continue
        assert looked_for
        for key in looked_for:
            assert key
            assert key == search_key(key)
            assert key.encode()


@given(TERMS)
def test_terms_cover_everything_except_blanks(text: str) -> None:
    rest = text
    for term in reversed(list(terms(text))):
        assert not rest[term.end :].strip()
        rest = rest[: term.start]
        assert all(term.start <= value.start <= value.end <= term.end for value in term.values)
    assert not rest.strip()


@given(TERMS, TERMS)
def test_terms_separated_by_blanks_are_parsed_independently(first: str, second: str) -> None:
    if '"' not in first and len(conditions(first)) + len(conditions(second)) < MAX_TERMS:
        assert conditions(f"{first}  {second}") == conditions(first) + conditions(second)


@st.composite
def canonical(draw: st.DrawFn) -> tuple[str, Test]:
    """A term in its canonical spelling, and its expected test."""
    values = draw(VALUES)
    listed = ",".join(written(value) for value in values)
    name: HasField = draw(st.sampled_from(HAS_FIELDS))
    plain: list[tuple[str, Test]] = [
        (written(values[0]), Word(values[0])),
        (f"status:{listed}", HasStatus(values)),
        (f"role:{listed}", HasRole(values)),
        (f"group:{listed}", InGroup(values)),
        (f"has:{name}", Has(name)),
        ("group:none", InNoGroup()),
    ]
    return draw(st.sampled_from(plain))


@given(st.lists(st.tuples(canonical(), st.booleans()), max_size=5))
def test_canonical_terms_are_parsed_to_their_tests(meant: list[tuple[tuple[str, Test], bool]]) -> None:
    text = " ".join(f"-{term}" if negated else term for (term, _), negated in meant)
    assert conditions(text) == [(test, negated) for (_, test), negated in meant]
    assert parse_filter(text).problems == ()


@pytest.mark.parametrize("value", [",x", "x,", 'a"b', '"a', "-a", "a b", "none", "a:b", "sales"])
def test_a_quoted_value_is_parsed_to_itself(value: str) -> None:
    assert only(f"group:{written(value)}") == InGroup((value,))


@given(TERMS)
def test_parsing_the_words_of_a_filter_again_gives_the_same_words(text: str) -> None:
    words = parse_filter(text).words
    again = parse_filter(" ".join(map(written, words)))
    assert again.words == words
    assert [condition.test for condition in again.conditions] == [Word(word) for word in words]


# ------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sales zoe", ["sales", "zoe"]),
        ("  Zoë\tÇELIK ", ["zoe", "celik"]),
        ("O'Brien", ["obrien"]),
        ('"Zoe  Celik"', ["zoe celik"]),
        ('"a:b"', ["a:b"]),
        ('"-alumni"', ["-alumni"]),
        ('"say ""hi"""', ['say "hi"']),
        ('inch" more', ['inch"', "more"]),
        ('"open quote', ["open quote"]),
        ("zoe.celik@example.com", ["zoe.celik@example.com"]),
        ("okta|004211", ["okta|004211"]),
        ("2819c223-7f76-453a", ["2819c223-7f76-453a"]),
        ("10:42", ["10:42"]),
        ("http://intra/x?a:b", ["http://intra/x?a:b"]),
        (":x:", [":x:"]),
        ("field_1:x", ["field_1:x"]),
        ("a\u00a8\u00a8b", ["a b"]),
        ("z ze", ["z", "ze"]),
        ("@ex", ["@ex"]),
        ("ß æ", ["ss", "ae"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    found = parse_filter(text)
    assert [condition.test for condition in found.conditions] == [Word(word) for word in words]
    assert found.words == tuple(words)
    assert found.problems == ()


@pytest.mark.parametrize(("text", "word"), [("@e", "e"), ("e@", "e"), ("-@e", "e"), ('"-e"', "e")])
def test_in_a_short_word_only_letters_and_digits_count(text: str, word: str) -> None:
    assert [test for test, _ in conditions(text)] == [Word(word)]


def test_a_minus_negates() -> None:
    assert conditions('-beta -"zoe celik" -status:active -group:none') == [
        (Word("beta"), True),
        (Word("zoe celik"), True),
        (HasStatus(("active",)), True),
        (InNoGroup(), True),
    ]
    assert parse_filter("zoe -beta").words == ("zoe",)


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "-", '"', '""', '-"', "'", "@", "status:", "-role:", "status:,", 'group:"', "has:", "has:,"),
        *("role:'", "created:", "created:<", "updated:>=", "created:..", "created:.", "stauts:", "http:"),
    ],
)
def test_an_unfinished_term_has_no_effect_and_is_no_problem(text: str) -> None:
    assert parse_filter(text) == Filter()


# ------------------------------------------------------------ statuses, roles, groups, fields


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("status:inactive", HasStatus(("inactive",))),
        ("STATUS:Active,pending", HasStatus(("active", "pending"))),
        ("status:active,,", HasStatus(("active",))),
        ("status:active,ACTIVE", HasStatus(("active",))),
        ("role:admin", HasRole(("admin",))),
        ('role:"Admin (Console)",editor', HasRole(("admin (console)", "editor"))),
        ("role:a:b", HasRole(("a:b",))),
        ("group:sales", InGroup(("sales",))),
        ('group:"Field EMEA"', InGroup(("field emea",))),
        ('group:"Field EMEA', InGroup(("field emea",))),
        ('group:"Sales, EMEA",beta', InGroup(("sales, emea", "beta"))),
        ("group:None", InNoGroup()),
        ('group:"none"', InGroup(("none",))),
        ('group:"none",sales', InGroup(("none", "sales"))),
        ("group:nonesuch", InGroup(("nonesuch",))),
        ("has:externalId", Has("externalId")),
        ("has:EXTERNALID", Has("externalId")),
        ("has:external", Has("externalId")),
        ("has:group", Has("groups")),
        ("has:name", Has("name")),
        ("has:role", Has("role")),
        ("has:email", Has("email")),
    ],
)
def test_fields(text: str, test: Test) -> None:
    assert only(text) == test


def test_different_tests_of_the_same_values_are_not_equal() -> None:
    assert len({HasStatus(("a",)), HasRole(("a",)), InGroup(("a",))}) == 3
    assert only("has:role") != only("role")
    assert len({NoUser(), InNoGroup()}) == 2


def test_conditions_have_the_position_of_their_term() -> None:
    assert parse_filter(" zoe  -role:admin foo:x").conditions == (
        Condition(Word("zoe"), False, 1, 4),
        Condition(HasRole(("admin",)), True, 6, 17),
        Condition(NoUser(), False, 18, 23),
    )


def meaning(text: str) -> frozenset[tuple[Test, bool]]:
    """The tests of a filter, each with True if it is negated."""
    return frozenset((each.test, each.negated) for each in parse_filter(text).conditions)


def test_equivalent_texts_have_the_same_meaning() -> None:
    assert meaning("zoe status:active") == meaning("STATUS:active   Zoë zoe")
    assert meaning("zoe") != meaning("-zoe")
    assert meaning("status:a") != meaning("role:a")


# ------------------------------------------------------------ times


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-", "2024-01-01", "2025-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2024-12-", "2024-12-01", "2025-01-01"),
        ("2024-03-12", "2024-03-12", "2024-03-13"),
        ("<2024-01-01", None, "2024-01-01"),
        ("<2024-03", None, "2024-03-01"),
        ("<=2024-03", None, "2024-04-01"),
        (">2024", "2025-01-01", None),
        (">=2024", "2024-01-01", None),
        (">2024-12-31", "2025-01-01", None),
        ("2024-01-01..2024-03-31", "2024-01-01", "2024-04-01"),
        ("2023..2024-06", "2023-01-01", "2024-07-01"),
        ("2024-05..", "2024-05-01", None),
        ("..2024-05", None, "2024-06-01"),
        ('"< 2024"', None, "2024-01-01"),
        ("2024,", "2024-01-01", "2025-01-01"),
    ],
)
def test_dates(text: str, first: str | None, end: str | None) -> None:
    ends = (None if first is None else ms(first), None if end is None else ms(end))
    assert only(f"created:{text}") == Between("created", *ends)
    assert only(f"UPDATED:{text}") == Between("updated", *ends)


@given(st.dates())
def test_a_day_includes_exactly_its_milliseconds(day: date) -> None:
    test = only(f"created:{day}")
    start = (day - date(1970, 1, 1)).days * DAY_MS
    assert test == Between("created", start, start + DAY_MS)
    assert only(f"created:<{day}") == Between("created", None, start)
    assert only(f"created:>{day}") == Between("created", start + DAY_MS, None)


@given(st.dates(max_value=date(9998, 12, 31)))
def test_months_and_years_include_exactly_their_days(day: date) -> None:
    for period in (f"{day:%Y-%m}".rjust(7, "0"), f"{day.year:04}"):
        test = only(f"created:{period}")
        assert isinstance(test, Between)
        assert test.first_ms is not None
        assert test.end_ms is not None
        first = date(1970, 1, 1) + timedelta(milliseconds=test.first_ms)
        after = date(1970, 1, 1) + timedelta(milliseconds=test.end_ms)
        assert first <= day < after
        assert first.isoformat().startswith(period)
        assert not (first - timedelta(1)).isoformat().startswith(period) if first > date.min else True
        assert (after - timedelta(1)).isoformat().startswith(period)
        assert not after.isoformat().startswith(period)


NOW = ms("2024-06-30")
THIRTY_DAYS = 30 * DAY_MS


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("<30d", NOW - THIRTY_DAYS + 1, None),
        ("<=30d", NOW - THIRTY_DAYS, None),
        ("30d", NOW - THIRTY_DAYS, None),
        (">30d", None, NOW - THIRTY_DAYS),
        (">=30D", None, NOW - THIRTY_DAYS + 1),
        ("<=5h", NOW - 5 * 3_600_000, None),
        ("<=2w", NOW - 14 * DAY_MS, None),
        ("<=1mo", NOW - THIRTY_DAYS, None),
        ("<=1Y", NOW - 365 * DAY_MS, None),
    ],
)
def test_ages_count_back_from_now(text: str, first: int | None, end: int | None) -> None:
    typed = parse_filter(f"zoe updated:{text}")
    assert isinstance(typed.conditions[1].test, Age)
    found = resolved(typed, NOW)
    assert [condition.test for condition in found.conditions] == [Word("zoe"), Between("updated", first, end)]
    assert found.conditions[1][1:] == typed.conditions[1][1:]


def test_a_filter_without_ages_does_not_depend_on_now() -> None:
    typed = parse_filter("zoe created:2024 foo:bar")
    assert resolved(typed, NOW) == typed


# ------------------------------------------------------------ problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stauts:active", "There is no field stauts:. Did you mean status:?"),
        ("-Rol:x", "There is no field Rol:. Did you mean role:?"),
        ("groups:sales", "There is no field groups:. Did you mean group:?"),
        ("email:zoe@example.com", "There is no field email:. Type a name, email or id without a field."),
        (
            "azure:12",
            (
                "There is no field azure:, only status:, role:, group:, created:, updated: and has:; "
                "in quotes it is a word."
            ),
        ),
        ("created:2024-13-01", "2024-13-01 is not a date. Write 2024-12-31."),
        ("created:>2024-2-30", "2024-2-30 is not a date. Write 2024-02-29."),
        ("created:2023/02/29", "2023/02/29 is not a date. Write 2023-02-28."),
        ("created:2024-0-7", "2024-0-7 is not a date. Write 2024-01-01."),
        ("created:2024-1", "2024-1 is not a date. Write 2024-01."),
        ("created:0000-01-01", "0000-01-01 is not a date. Write 0001-01-01."),
        ("created:soon", "soon is not a date. Write 2024-12-31, 2024-12, 2024 or an age: 30d, 4w, 6mo, 1y."),
        ("updated:<30m", "30m is not a date. Write 2024-12-31, 2024-12, 2024 or an age: 30d, 4w, 6mo, 1y."),
        ("created:2024..30d", "30d is not a date. Write 2024-12-31, 2024-12, 2024 or an age: 30d, 4w, 6mo, 1y."),
        ("created:2024-05..2024-01", "2024-05..2024-01 ends before it begins. Write 2024-01..2024-05."),
        ("created:2023,2024", "created: takes one value, not 2."),
        ("has:role,name", "has: takes one value, not 2."),
        ("has:e", "has:e is ambiguous: has:externalId or has:email?"),
        ("has:rols", "There is no has:rols. Did you mean has:role?"),
        (
            "has:phone",
            "There is no has:phone, only has:externalId, has:groups, has:name, has:role and has:email.",
        ),
        ("group:none,sales", 'group:none takes no other groups; for a group of that name write group:"none".'),
    ],
)
def test_an_invalid_term_matches_no_user_and_shows_what_is_valid(text: str, said: str) -> None:
    assert reason(text) == said
    [problem] = parse_filter(f"zoe {text} ").problems
    assert problem == FilterProblem(4, 4 + len(text), said)


def test_typed_text_in_a_reason_is_cleaned_and_truncated() -> None:
    assert "\x1b" not in reason("has:\x1b[31m" + "x" * 500)
    assert len(reason("has:" + "x" * 500)) < 200


def test_too_many_terms_or_values_match_no_user() -> None:
    text = "zoe " * MAX_TERMS
    assert parse_filter(text).problems == ()
    found = parse_filter(text + "one-more and another")
    assert found.conditions[-1].test == NoUser()
    assert found.problems == (FilterProblem(len(text), len(text) + 8, "A filter has at most 100 terms."),)
    assert only("role:" + ",".join(f"a{number}" for number in range(MAX_VALUES))) != NoUser()
    assert reason("role:" + "a," * MAX_VALUES) == "A term has at most 100 values."


def test_a_text_of_half_a_megabyte_is_parsed() -> None:
    for text in ('"' * 500_000, "role:" + "," * 500_000, "a" * 500_000, "-" * 500_000, 'group:"' + '""a' * 200_000):
        assert len(parse_filter(text).conditions) <= 1
