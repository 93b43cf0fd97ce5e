"""Random users and filters, with every warning that a directory or typed text can have."""

from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from walkme_tui.domain.filter_terms import quoted, written
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, Known, User

T = TypeVar("T")

NOW_MS: Final = 1_764_000_000_000
DAY_MS: Final = 86_400_000

FIRST: Final = (
    *(
        "Zoë",
        "ZOE",
        "zoe",
        "Bo",
        "İlker",
        "Søren",
        "Łukasz",
        "Anne-Marie",
        "Ádám",
        "ßeta",
        "Ａlice",
        "李",
        "ー",
        "Жанна",
    ),
    *("…", "--", "'", " ", "", "Mary Ann", "a\0bo", "\x1bZed", "x\x1fy", "–Zoe", "«Zoë»", "Zoe_Bo", "o", "Q", "9to5"),
    *("\N{COMBINING ACUTE ACCENT}", "\N{RIGHT-TO-LEFT OVERRIDE}eoZ", "🎉Zoe", "ｶﾞ", "\ufffe", "Zoe\N{MIDDLE DOT}Bo"),
)
LAST: Final = (
    "Çelik",
    "O'Brien",
    "O’Neill",
    "Weber",
    "van der Berg",
    "Yılmaz",
    "Müller-Lüdenscheidt",
    "%",
    "_",
    "*a?[b]",
    "",
)
DOMAINS: Final = ("example.com", "EXAMPLE.com", "a.example.co.uk", "müller.de", "x")
ROLES: Final = (
    "Viewer",
    "viewer",
    "Content Editor",
    "Admin",
    "Administrator",
    "ADMIN",
    "",
    " ",
    "\0",
    "Ödön–Rolle",
    "a'b",
)
STATUSES: Final = ("active", "inactive", "pending", "Active", "Inactive", "suspended until spring", "", "\x07")
GROUPS: Final = tuple(
    Group(f"g-{number}", name)
    for number, name in enumerate(
        (
            *("Sales", "sales", "Sales EMEA", "Sales, EMEA", "none", "Beta", "Beta testers", "Field", "Ödön", "", None),
            *(
                "g-1",
                "«Quoted»",
                '"Quoted"',
                "-minus",
                "a:b",
                "\0",
                "  ",
                "Everyone",
                *(f"Team {n}" for n in range(10)),
            ),
        )
    )
)
UNLISTED: Final = ("ghost-1", "ghost-2", "Sales")
EVERYONE: Final = "g-18"


class OddPeople:
    """Makes random users and filters; with ``many_roles`` most users have different roles."""

    def __init__(self, random: Random, many_roles: bool = False) -> None:
        self.random: Final = random
        self._many_roles = many_roles

    def user(self, number: int) -> User:
        """A user with a unique id."""
        pick = self.random.choice
        emails = (
            f"{pick('abz')}.{pick(('celik', 'bo', 'x'))}{number % 97}@{pick(DOMAINS)}",
            "",
            " ",
            "@",
            "no address",
        )
        roles = (f"Rolle {number}", *ROLES) if self._many_roles else ROLES
        return User(
            id=self._id(number),
            email=self._known(emails[0] if self.random.random() < 0.9 else pick(emails)),
            first_name=self._known(pick(FIRST)),
            last_name=self._known(pick(LAST)),
            role=self._known(roles[0] if self.random.random() < 0.6 else pick(roles)),
            status=self._known("active" if self.random.random() < 0.6 else pick(STATUSES)),
            external_id=self._known(pick((f"okta|{number:04}", emails[0], "", f"AD\\{number}", "ödön/1"))),
            created_at_ms=self._known(NOW_MS - self.random.randrange(-40, 900) * DAY_MS),
            updated_at_ms=self._known(NOW_MS - self.random.randrange(0, 60) * DAY_MS // 2),
            groups=self._known(self._groups()),
            extra={"seat": number} if self.random.random() < 0.1 else {},
        )

    def _id(self, number: int) -> str:
        begin = self.random.choice((0x0B8E1C4A << 96, 0x0B8E << 112, self.random.getrandbits(90) << 38))
        whole = str(UUID(int=begin + number))
        return self.random.choice((whole, whole, whole, whole.upper(), f"u-{number}", f"u\0{number}", f"¡{number}!"))

    def _groups(self) -> tuple[str, ...]:
        ids = [group.id for group in GROUPS] + list(UNLISTED)
        size = self.random.choice((0, 0, 1, 1, 2, 3, 25))
        found = tuple(self.random.sample(ids, size))
        return (*found, EVERYONE) if self.random.random() < 0.3 and EVERYONE not in found else found

    def _known(self, value: T) -> Known[T | None]:
        odds = self.random.random()
        return UNKNOWN if odds < 0.08 else None if odds < 0.15 else value

    # ------------------------------------------------------------ filters

    def text(self, people: Sequence[User], terms: int) -> str:
        """A filter of so many terms, most of which match a user."""
        return " ".join(self.term(people) for _ in range(terms))

    def term(self, people: Sequence[User]) -> str:
        """One term of a filter."""
        kind = self.random.choice(
            (self._word, self._word, self._word, self._value, self._value, self._time, self._other)
        )
        return self.random.choice(("", "", "", "", "-")) + kind(self.random.choice(people))

    def _word(self, user: User) -> str:
        texts = (user.first_name, user.last_name, user.full_name, user.email, user.external_id, user.id, user.role)
        text = self.random.choice([text for text in (*texts, user.status) if isinstance(text, str) and text])
        first = self.random.choice((0, 0, self.random.randrange(len(text))))
        part = text[first : first + self.random.choice((1, 2, 3, 3, 4, 6, 12, 99))]
        return written(part) if self.random.random() < 0.9 else part

    def _value(self, user: User) -> str:
        group = self.random.choice(GROUPS)
        field, value = self.random.choice(
            (
                ("status", user.status),
                ("role", user.role),
                ("group", group.name),
                ("group", group.id),
                ("group", "nobody"),
            )
        )
        text = value if isinstance(value, str) else ""
        part = text[: self.random.choice((1, 3, 5, 99, 99))]
        more = self.random.choice(("", "", ",a", ",sales", ',"beta testers"', ",zzz"))
        return f"{field}:{self.random.choice((written, quoted))(part)}{more}"

    def _time(self, user: User) -> str:
        when = self.random.choice(("30d", "0d", "4w", "6mo", "1y", "2025", "2025-03", "2025-10-24", "9999"))
        sign = self.random.choice(("", "<", ">", "<=", ">="))
        moment = self.random.choice((f"{sign}{when}", "2024..2025-02", "..2025", "2025-06-01.."))
        return f"{self.random.choice(('created', 'updated'))}:{moment}"

    def _other(self, user: User) -> str:
        fields = ("has:externalId", "has:groups", "has:name", "has:role", "has:email", "group:none", 'group:"none"')
        return self.random.choice((*fields, "foo:x", "has:e", "status:", "zoe@", "@", "+", "\x1f", "–"))
