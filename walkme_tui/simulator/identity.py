"""Ids and emails that are computed from a number and back, so that no table is needed."""

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Final

from walkme_tui.simulator.hashing import GOLDEN, MASK64, Shuffle, keyed, mix
from walkme_tui.simulator.names import Name, pools

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_EMAIL: Final = re.compile(r"([a-z-]{1,40})\.([a-z-]{1,40}?)([1-9][0-9]{0,8})?@([a-z.]{1,40})")
# Of 16 users 13, 2 and 1. RFC 2606 reserves these domains.
_DOMAINS: Final = ("example.com",) * 13 + ("example.org",) * 2 + ("example.net",)

_SERIALS: Final = 1 << 62
_CHECK_BITS: Final = (1 << 60) - 1
_VARIANT: Final = 1 << 63


class Ids:
    """UUIDs (version 4 in form) of numbers below 2**62: the last 62 bits are the permuted number, the rest a check."""

    def __init__(self, seed: int, purpose: int) -> None:
        self._serials = Shuffle(_SERIALS, keyed(seed, purpose))
        self._check = keyed(seed, purpose + 1)

    def id_of(self, number: int) -> str:
        serial = self._serials.place(number)
        check = mix(serial ^ self._check) & _CHECK_BITS
        upper = check >> 12 << 16 | 0x4000 | check & 0xFFF
        digits = (upper << 64 | _VARIANT | serial).to_bytes(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def number_of(self, text: str) -> int | None:
        """The number with this id, compared without case; None for any other text."""
        text = text.lower()
        if not _UUID.fullmatch(text):
            return None
        serial = int(text[19:23] + text[24:], 16) & (_SERIALS - 1)
        number = self._serials.origin(serial)
        return number if self.id_of(number) == text else None


@lru_cache(maxsize=1)
def _stems() -> tuple[tuple[int, ...], dict[str, tuple[int, int]], tuple[dict[str, int], ...]]:
    """The first full name of each pool, (pool, place) by family name, and the place by given name for each pool."""
    starts = tuple(accumulate((pool.size for pool in pools()), initial=0))
    families = {name.spelling: (p, place) for p, pool in enumerate(pools()) for place, name in enumerate(pool.family)}
    given = tuple({name.spelling: place for place, name in enumerate(pool.given)} for pool in pools())
    return starts, families, given


class Addresses:
    """Names and emails of numbers.

    There are some 33 000 full names. Every block of so many users contains each of them once, in its own order; from
    the second block on, emails contain the number of the block.
    """

    def __init__(self, seed: int) -> None:
        self._pools = pools()
        self._starts, self._families, self._given = _stems()
        self.block_size = self._starts[-1]
        self._key = keyed(seed, 11)
        self._domain_key = keyed(seed, 12)
        self._orders: dict[int, Shuffle] = {}

    def name_of(self, number: int) -> tuple[Name, Name]:
        """Given and family name."""
        block, place = divmod(number, self.block_size)
        stem = self._order(block).place(place)
        index = bisect_right(self._starts, stem) - 1
        pool = self._pools[index]
        given, family = divmod(stem - self._starts[index], len(pool.family))
        return pool.given[given], pool.family[family]

    def email_of(self, number: int, given: Name, family: Name) -> str:
        """The email of a number with this name."""
        block = number // self.block_size
        domain = _DOMAINS[(number ^ self._domain_key) * GOLDEN >> 56 & 15]
        return f"{given.spelling}.{family.spelling}{block + 1 if block else ''}@{domain}"

    def number_of(self, email: str) -> int | None:
        """The number with this email in lower case, or None."""
        match = _EMAIL.fullmatch(email)
        if not match:
            return None
        given, family, suffix, _ = match.groups()
        pool, family_place = self._families.get(family, (-1, 0))
        given_place = self._given[pool].get(given) if pool >= 0 else None
        if given_place is None:
            return None
        stem = self._starts[pool] + given_place * len(self._pools[pool].family) + family_place
        block = int(suffix) - 1 if suffix else 0
        number = block * self.block_size + self._order(block).origin(stem)
        return number if self.email_of(number, *self.name_of(number)) == email else None

    def _order(self, block: int) -> Shuffle:
        order = self._orders.get(block)
        if order is None:
            if len(self._orders) > 1000:
                self._orders.clear()
            order = self._orders[block] = Shuffle(self.block_size, mix((self._key + block) & MASK64))
        return order
