"""Groups on every dialect of SCIM in ``odd_dialects``; users are in ``tests/contract/test_program_on_odd_scim.py``."""

import pytest

from tests.support.api_sessions import QUICK
from tests.support.odd_dialects import DIALECTS
from tests.support.odd_scim import OddScim
from tests.support.unpaced import unpaced
from walkme_tui.api.in_process import InProcessTransport
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.secrets import Secret


@pytest.mark.parametrize("name", DIALECTS)
async def test_groups_are_read_and_changed(name: str) -> None:
    server = OddScim(DIALECTS[name])
    users = [server.add_user(f"user{number}@example.com") for number in range(12)]
    sales = server.add_group("Sales", users[:3])
    others = [server.add_group(f"Group {number}", users[number : number + 1]) for number in range(12)]
    settings = ScimSettings("acme", "https://scim.example", lambda: Secret("token"), "the test")
    api = ScimDirectory(settings, transport=InProcessTransport(server.handle), policy=QUICK, pacer=unpaced())
    assert {group.id for group in await api.list_groups()} == {sales, *others}
    assert [user.id for user in (await api.group_members(sales)).members] == users[:3]
    assert (await api.get_user(users[0])).groups == (sales, others[0])
    new = await api.create_group("Crew")
    (crew,) = [group.id for group in await api.list_groups() if group.name == "Crew"]
    assert new in {crew, None}
    await api.add_member(crew, users[5])
    assert (await api.get_user(users[5])).groups == (others[5], crew)
    await api.rename_group(crew, "Team “ü”")
    assert (await api.get_group(crew)).name == "Team “ü”"
    assert server.members("Team “ü”") == ["user5@example.com"]
    await api.delete_group(crew)
    assert (await api.get_user(users[5])).groups == (others[5],)
    with pytest.raises(NotFound):
        await api.group_members(crew)
    assert len(server.users) == 12
    await api.aclose()
