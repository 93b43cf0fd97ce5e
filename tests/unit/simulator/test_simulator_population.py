"""Computed users: unique, found by id and email, reproducible, and similar to those of a real account."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.simulator.caller import NOW_MS
from walkme_tui.simulator.hashing import Shuffle
from walkme_tui.simulator.hostile import HOSTILE_NAMES
from walkme_tui.simulator.identity import Ids
from walkme_tui.simulator.names import GROUP_NAMES, pools
from walkme_tui.simulator.population import Population

MILLION = 1_000_000
FIELDS = ("id", "email", "firstName", "lastName", "role", "status", "createdAt", "updatedAt", "externalId", "groups")
SEEDS = st.integers(0, 2**64)


def population(users: int = MILLION, seed: int = 1, **rest: Any) -> Population:
    return Population(users, seed, NOW_MS, **rest)


@given(size=st.integers(1, 300), key=SEEDS)
def test_a_shuffle_is_a_permutation_and_can_be_inverted(size: int, key: int) -> None:
    shuffle = Shuffle(size, key)
    places = [shuffle.place(number) for number in range(size)]
    assert sorted(places) == list(range(size))
    assert [shuffle.origin(place) for place in places] == list(range(size))


@given(bits=st.integers(2, 62), key=SEEDS, data=st.data())
def test_a_large_shuffle_can_be_inverted(bits: int, key: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(2 ** (bits - 1), 2**bits))
    number = data.draw(st.integers(0, size - 1))
    shuffle = Shuffle(size, key)
    assert 0 <= shuffle.place(number) < size
    assert shuffle.origin(shuffle.place(number)) == number


@given(number=st.integers(0, 2**62 - 1), seed=SEEDS, purpose=st.integers(0, 20))
def test_an_id_is_a_uuid_from_which_its_number_is_computed(number: int, seed: int, purpose: int) -> None:
    ids = Ids(seed, purpose)
    text = ids.id_of(number)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
    assert ids.number_of(text) == ids.number_of(text.upper()) == number


@given(number=st.integers(0, MILLION), place=st.integers(0, 35), digit=st.sampled_from("0123456789abcdef-g"))
def test_an_id_with_a_changed_digit_is_unknown(number: int, place: int, digit: str) -> None:
    people = population()
    text = people.id_of(number)
    other = text[:place] + digit + text[place + 1 :]
    assert people.number_of_id(other) == (number if other == text else None)


@given(text=st.text(max_size=60))
def test_any_text_can_be_looked_up(text: str) -> None:
    people = population()
    assert people.number_of_id(text) is None
    assert people.number_of_email(text) is None


@given(users=st.integers(1, 5 * MILLION), seed=SEEDS, data=st.data())
def test_the_number_is_computed_from_an_email(users: int, seed: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, users - 1))
    people = population(users, seed)
    email = people.record(number)["email"]
    assert isinstance(email, str)
    assert re.fullmatch(r"[a-z-]+\.[a-z-]+[0-9]*@example\.(com|org|net)", email)
    assert people.number_of_email(email) == number


def test_the_email_of_a_number_past_the_end_is_unknown() -> None:
    email = str(population(users=11).record(10)["email"])
    assert population(users=10).number_of_email(email) is None


def test_emails_and_ids_are_unique_over_the_blocks_of_names() -> None:
    people = population()
    records = [people.record(number) for number in range(0, MILLION, 97)]
    assert len({record["email"] for record in records}) == len(records)
    assert len({record["id"] for record in records}) == len(records)


def test_a_demo_account_needs_no_number_in_an_email() -> None:
    people = population(25_000)
    assert not [n for n in range(0, 25_000, 7) if re.search(r"\d", str(people.record(n)["email"]))]


def test_spellings_are_distinct() -> None:
    families = Counter(name.spelling for pool in pools() for name in pool.family)
    assert max(families.values()) == 1
    for pool in pools():
        assert len({name.spelling for name in pool.given}) == len(pool.given)
        for name in (*pool.given, *pool.family):
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name.spelling), name


def test_the_seed_decides_the_users() -> None:
    first, again, other = population(seed=7), population(seed=7), population(seed=8)
    assert [first.record(n) for n in range(50)] == [again.record(n) for n in range(50)]
    assert first.groups == again.groups
    assert not {first.record(n)["id"] for n in range(50)} & {other.record(n)["id"] for n in range(50)}
    assert [first.record(n)["email"] for n in range(1, 50)] != [other.record(n)["email"] for n in range(1, 50)]


@given(users=st.integers(0, MILLION), seed=SEEDS, hostile=st.booleans())
def test_the_user_of_the_readme_is_in_every_account(users: int, seed: int, hostile: bool) -> None:
    people = population(users, seed, hostile=hostile)
    number = people.number_of_email("zoe.celik@example.com")
    if number is None:
        assert users == 0
        return
    record = people.record(number)
    assert (record["email"], record["role"], record["status"]) == ("zoe.celik@example.com", "Editor", "active")
    assert (record["firstName"], record["lastName"]) == ("Zoë", "Çelik")
    assert isinstance(record["groups"], list)
    assert [people.groups[str(group)] for group in record["groups"]] == ["Sales", "Field-EMEA", "Beta"]


def test_statuses_roles_and_groups_are_distributed_realistically() -> None:
    people = population(seed=3)
    records = [people.record(number) for number in range(20_000)]

    def share(field: str, value: str) -> float:
        return sum(record[field] == value for record in records) / len(records)

    assert share("status", "active") == pytest.approx(0.88, abs=0.01)
    assert share("status", "inactive") == pytest.approx(0.09, abs=0.01)
    assert share("status", "pending") == pytest.approx(0.03, abs=0.005)
    assert share("role", "Admin") == pytest.approx(0.012, abs=0.005)
    assert share("role", "Editor") == pytest.approx(0.105, abs=0.01)
    assert share("role", "Viewer") == pytest.approx(0.879, abs=0.01)
    assert {record["role"] for record in records} > {"Admin", "Editor", "Viewer"}
    sizes = Counter(len(record["groups"]) for record in records if isinstance(record["groups"], list))
    assert set(sizes) == {0, 1, 2, 3, 4, 5}
    members = Counter(
        people.groups[str(group)] for r in records if isinstance(r["groups"], list) for group in r["groups"]
    )
    assert set(members) == set(GROUP_NAMES)
    assert members["Sales"] > 5 * min(members.values())


def test_external_ids_and_unknown_fields_are_of_many_kinds() -> None:
    people = population()
    records = [people.record(number) for number in range(2_000)]
    kinds = Counter(re.sub(r"(?<=\|).*|^\d+$", "…", str(record["externalId"])) for record in records)
    assert set(kinds) == {"okta|…", "entra|…", "…", "None"}
    assert all(set(FIELDS) <= set(record) for record in records)
    extra = {name for record in records for name in set(record) - set(FIELDS)}
    assert extra == {"department", "costCenter", "preferences"}
    assert any(isinstance(record.get("preferences"), dict) for record in records)


@given(number=st.integers(0, MILLION - 1), seed=SEEDS)
def test_dates_lie_before_now_and_the_change_not_before_the_creation(number: int, seed: int) -> None:
    record = population(seed=seed).record(number)
    created, updated = (datetime.fromisoformat(str(record[name])) for name in ("createdAt", "updatedAt"))
    assert 0 < created.timestamp() <= updated.timestamp() <= NOW_MS / 1000


def test_names_come_in_many_scripts() -> None:
    people = population()
    text = "".join(f"{r['firstName']}{r['lastName']}" for r in (people.record(n) for n in range(9_000)))
    for script in (
        "א-ת",
        "Α-ω",
        "А-я",
        "ء-ي",
        "अ-ह",
        "ก-ฮ",
        "가-힣",
        "一-鿿",
        "ぁ-ヿ",
        "ạ-ỹ",
        "Łłżź",
        "ğşı",
        "ðþÞ",
        "'",
    ):
        assert re.search(f"[{script}]", text), script


def test_hostile_names_appear_only_if_requested() -> None:
    names = {first for first, _ in HOSTILE_NAMES}
    tame = {population().record(number)["firstName"] for number in range(2_000)}
    assert not names & tame
    people = population(hostile=True)
    assert names <= {people.record(number)["firstName"] for number in range(2_000)}
    assert any("\x1b" in name for name in people.groups.values())
