"""Accounts of every kind for the contract: the fake, and the clients over TCP to the simulator and to SCIM servers.

accounts = ContractAccounts(stack)                       # servers start when they are first needed
directory = accounts.directory(Kind.SCIMMY, "reads")     # the account of this name has COUNT users and GROUPS
"""

from contextlib import ExitStack
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.scim_servers import TOKEN, ScimAccount, ScimServer, scim2_server, scimmy
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.domain.groups import Group
from walkme_tui.domain.secrets import Secret
from walkme_tui.services.ports.directory_api import DirectoryApi
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

COUNT = 46
GROUPS = ("Group 1", "Group 2", "Group 3", "Group 4")


class Kind(StrEnum):
    """An implementation of ``DirectoryApi`` and the server behind it."""

    FAKE = "fake"
    REST = "rest"
    SCIM = "scim"
    SCIM2_SERVER = "scim2-server"
    SCIMMY = "scimmy"

    @property
    def surface(self) -> Surface:
        """The surface that the implementation is for."""
        return Surface.REST if self in {Kind.FAKE, Kind.REST} else Surface.SCIM

    @property
    def capabilities(self) -> Capabilities:
        """What the surface can do."""
        return capabilities(self.surface)

    @property
    def traits(self) -> "Traits":
        """How the server uses the freedom that the contract leaves it."""
        return TRAITS.get(self, Traits())


class Traits(NamedTuple):
    """What servers may do in one way or another.

    ``finds_any_case``: look-ups by email ignore case. ``lists_new_last``: a new user is the last of the list.
    ``unknown_members``: a group accepts the id of no user. ``checks_emails``: a text that is no email is refused.
    ``repeats_past_the_end``: a page past the end has the first users again. ``unique_group_names``: two groups cannot
    have the same name. ``names_fields``: a refusal names the wrong field.
    """

    finds_any_case: bool = True
    lists_new_last: bool = True
    unknown_members: bool = False
    checks_emails: bool = True
    repeats_past_the_end: bool = False
    unique_group_names: bool = True
    names_fields: bool = True


TRAITS = {
    Kind.SCIM: Traits(unknown_members=True, checks_emails=False),
    Kind.SCIM2_SERVER: Traits(
        lists_new_last=False, unknown_members=True, checks_emails=False, unique_group_names=False, names_fields=False
    ),
    Kind.SCIMMY: Traits(finds_any_case=False, unknown_members=True, checks_emails=False, repeats_past_the_end=True),
}


class ContractAccounts:
    """Starts each server once and fills each account once; ``stack`` ends what was started."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.url = cache(self._url)

    def directory(self, kind: Kind, name: str) -> DirectoryApi:
        """A client of the account with this name; the caller closes it. The fake is a new account each time."""
        if kind is Kind.FAKE:
            return FakeDirectory(
                people(COUNT), groups=[Group(f"g{number}", name) for number, name in enumerate(GROUPS, 1)]
            )
        url = self.url(kind, name)
        if kind is Kind.REST:
            rest = RestSettings("acme", url, "demo", lambda: Secret("demo"), "the test", max_in_flight=20)
            return RestDirectory(rest, pacer=unpaced())
        token = "demo" if kind is Kind.SCIM else TOKEN
        return ScimDirectory(
            ScimSettings("acme", url, lambda: Secret(token), "the test"), pacer=unpaced(max_in_flight=4)
        )

    def _url(self, kind: Kind, name: str) -> str:
        """The base URL of an account, which is made and filled."""
        if kind in {Kind.REST, Kind.SCIM}:
            url = self._stack.enter_context(asgi_server(Simulator(SimulatorSettings(users=COUNT))))
            return url if kind is Kind.REST else f"{url}/scim/v2"
        server = self.scim2_server if kind is Kind.SCIM2_SERVER else self.scimmy
        url = server.new_account()
        fill(ScimAccount(url))
        return url

    @cached_property
    def scim2_server(self) -> ScimServer:
        """The running server."""
        return self._stack.enter_context(scim2_server())

    @cached_property
    def scimmy(self) -> ScimServer:
        """The running server."""
        return self._stack.enter_context(scimmy())


def fill(account: ScimAccount) -> None:
    """Create the users and memberships of ``people`` on a server."""
    members: dict[str, list[str]] = {f"g{number}": [] for number in range(1, len(GROUPS) + 1)}
    for number in range(COUNT):
        user = person(number)
        user_id = account.add_user(
            str(user.email),
            str(user.first_name),
            str(user.last_name),
            active=user.status != "inactive",
            **({"externalId": user.external_id} if user.external_id else {}),
        )
        for group in user.groups if isinstance(user.groups, tuple) else ():
            members[group].append(user_id)
    for name, (_, users) in zip(GROUPS, sorted(members.items()), strict=True):
        account.add_group(name, users)
