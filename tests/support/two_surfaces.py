"""A browser on a profile with REST and SCIM, over an account in memory on each surface."""

from dataclasses import replace

from tests.support.browser import ADDRESSES, Setting
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import ProfileChoice

PROFILES = [ProfileChoice("acme", Environment.SANDBOX, surface, ADDRESSES[surface]) for surface in Surface]
GROUPS = {
    Surface.REST: [Group("g1", "Sales"), Group("g2", "Beta")],
    Surface.SCIM: [Group("s1", "Sales"), Group("s2", "Beta"), Group("s9", "Support")],
}


class Both:
    """A profile with REST and SCIM, the browser on one of them; ``opened`` are the sessions of the other one."""

    def __init__(self, rest: list[User], scim: list[User], surface: Surface = Surface.REST) -> None:
        self.apis = {
            Surface.REST: FakeDirectory(rest, groups=GROUPS[Surface.REST]),
            Surface.SCIM: FakeDirectory(scim, groups=GROUPS[Surface.SCIM]),
        }
        self.opened: list[Session] = []
        other = Surface.SCIM if surface is Surface.REST else Surface.REST
        self.setting = Setting(
            api=self.apis[surface],
            other_api=self.apis[other],
            surface=surface,
            profiles=PROFILES,
            open_session=self._open,
        )

    def _open(self, name: str, surface: Surface) -> Session:
        assert name == "acme"
        if self.opened:
            # A client of its own: that of the session before is closed with it.
            self.apis[surface] = FakeDirectory(self.apis[surface].users, groups=GROUPS[surface])
        setting = replace(self.setting, api=self.apis[surface], other_api=self.setting.api, surface=surface)
        self.opened.append(setting.session())
        return self.opened[-1]
