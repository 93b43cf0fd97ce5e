"""The form of the program while it is open for a user: reads what it offers, and the user again, in the background."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from textual.app import App

from walkme_tui.domain import edit_consequences
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.edit import FieldChange
from walkme_tui.domain.consequences import AccountFacts, is_admin
from walkme_tui.domain.errors import ApiError, ConfigurationError, MirrorUnavailable, NotFound
from walkme_tui.domain.mirrored import changed_fields
from walkme_tui.domain.plans import Consequence, Plan, Subject
from walkme_tui.domain.users import User
from walkme_tui.services.changes.plan_parts import account_facts
from walkme_tui.ui.dialogs.group_picker import GroupPicker
from walkme_tui.ui.dialogs.user_form import UserForm
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.group_choice import GroupChoice
from walkme_tui.ui.user_draft import EDITED_FIELDS, UserDraft
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

FORM: Final = "user-form"
GONE: Final = "This user was deleted from the account since the form was opened."


def user_form(app: App[Any], monotonic: Callable[[], float]) -> UserForm:
    """The form of the program: it stays mounted, so that it opens without a delay."""
    if not app.is_screen_installed(FORM):
        app.install_screen(UserForm(monotonic), FORM)
    form = app.get_screen(FORM)
    assert isinstance(form, UserForm)  # noqa: S101 - the only screen of this name
    return form


def mount_form(app: App[Any], monotonic: Callable[[], float]) -> None:
    """Mount the form before it is needed."""
    form = user_form(app, monotonic)
    # What push_screen does before it shows a screen.
    app._load_screen_css(form)  # noqa: SLF001
    app._get_screen(form)  # noqa: SLF001


class OpenForm:
    """Fills the form with a draft; ``plan`` is the last plan that was made, with the values that it was made of."""

    def __init__(self, view: FlowContext) -> None:
        self._view = view
        self.form = user_form(view.app, view.job_tasks.monotonic)
        self.plan: tuple[dict[str, str | None], Plan] | None = None
        self._opening = 0
        self._facts: AccountFacts | None = None

    @property
    def is_shown(self) -> bool:
        """True until the person left the form."""
        return self.form.shows(self._opening)

    def load(self, draft: UserDraft, message: str = "") -> None:
        """Fill the form with a draft, and read in the background what it offers and the user that it edits."""
        self.plan = None
        self.form.pick_groups = self._pick_groups
        self._opening = self.form.load(draft, self._view.session.account, self.judge)
        if message:
            self.form.show_message(message, TextStyle.WARN)
        start_worker(self.form, WorkerGroup.EDITOR, self._read, exclusive=True, name="Reading the user")

    async def _read(self) -> None:
        await asyncio.gather(self._offer_values(self._opening), self._reread(self._opening))

    async def _offer_values(self, opening: int) -> None:
        mirror = self._view.session.mirror
        try:
            roles = dict(await mirror.roles())
            statuses, _ = await mirror.values()
        except MirrorUnavailable:
            return  # the usual values are offered
        base = self.form.draft.base
        if base is not None and is_admin(base):
            self._facts = await account_facts(self._view.session, [base], namesakes=False)
        if self.form.shows(opening):
            self.form.offer(roles, statuses)

    async def _reread(self, opening: int) -> None:
        base = self.form.draft.base
        if base is None:
            return
        try:
            user = (await self._view.directory.reread(base.id)).user
        except (ApiError, ConfigurationError) as error:
            if self.form.shows(opening):
                text = GONE if isinstance(error, NotFound) else f"Not read again: {error}"
                self.form.show_message(text, TextStyle.WARN)
            return
        if self.form.shows(opening) and not self.form.saving:
            self._show_newer(user)

    def _pick_groups(self) -> None:
        start_worker(self.form, WorkerGroup.GROUPS, self._ask_groups, exclusive=True, name="Reading the groups")

    async def _ask_groups(self) -> None:
        """Ask for the groups of a new user."""
        view, opening = self._view, self._opening
        groups = await view.directory.named_groups()
        coverage = view.pages.coverage
        picker = GroupPicker(
            "Groups of the new user",
            GroupChoice.of(groups, ()).with_joins(self.form.draft.joins),
            view.session.account,
            judge=lambda _: (),
            exact=coverage is not None and coverage.memberships_complete,
            save_word="choose",
            monotonic=view.job_tasks.monotonic,
        )
        if not self.form.shows(opening) or not self.form.is_current:
            return
        choice = await view.app.push_screen_wait(picker)
        if choice is not None and self.form.shows(opening):
            self.form.show_draft(replace(self.form.draft, joins=choice.joins))

    def _show_newer(self, user: User) -> None:
        """Show a newer record in the form, and say which fields others changed."""
        known = self.form.draft.latest
        self.form.show_draft(self.form.draft.reread(user))
        others = others_changed(known, user)
        if others:
            self.form.show_message(f"Changed by others since the list was read: {others}.", TextStyle.WARN)

    def judge(self, draft: UserDraft) -> Sequence[Consequence]:
        """The consequences of a draft: those of the plan that was made of it, else from what is known here."""
        if self.plan is not None and self.plan[0] == draft.values:
            return self.plan[1].subjects[0].consequences
        if not draft.is_changed:
            return ()
        if draft.base is None:
            user = CreateUser.of(draft.raw("email"), draft.values).new_user()
            subject = Subject(user, self._view.session.clock(), draft.joins)
            return edit_consequences.created(subject, None, self._view.session.capabilities, looked_up=True)
        changes = [FieldChange(*edit) for edit in draft.edits]
        client_id = self._view.session.account.client_id
        return edit_consequences.edited(draft.base, changes, draft.base, (), self._facts, client_id)


def others_changed(known: User | None, now: User, draft: UserDraft | None = None) -> str:
    """The labels of the fields that differ from what was known, without those that the draft edits."""
    if known is None:
        return ""
    changed = changed_fields(known, now) - (draft.values.keys() if draft is not None else set())
    return ", ".join(label for name, label in EDITED_FIELDS.items() if name in changed)
