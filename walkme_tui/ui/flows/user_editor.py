"""Edit a user or create one: from the form to the verified record, and back to the form with what was refused."""

import asyncio
from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.errors import (
    AlreadyExists,
    ApiError,
    EditConflict,
    MirrorUnavailable,
    NotFound,
    WalkmeError,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job, OutcomeReason
from walkme_tui.domain.plans import Gravity, Plan, StepState
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.job_runs import JobResult
from walkme_tui.ui.change_words import MAX_SENTENCE, changed_something, email_of, name_of
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.open_form import GONE, OpenForm, others_changed
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import review, show_receipt
from walkme_tui.ui.user_draft import EDITED_FIELDS, UserDraft
from walkme_tui.ui.widgets.fields.draft_lines import value_text
from walkme_tui.ui.widgets.text_style import TextStyle

STATUS_SECONDS: Final = 0.5
"""How often the form shows how far its job is."""


class UserEditor:
    """One user in the form: ``open`` shows it at once, ``run`` saves what it returns until it is closed."""

    def __init__(self, view: FlowContext, origin: Origin, draft: UserDraft) -> None:
        self._view = view
        self._origin = origin
        self._open_form = OpenForm(view)
        self._form = self._open_form.form
        self._draft = draft
        self._shown = draft.latest
        """The user as the form showed them when it was saved."""

    def open(self) -> None:
        """Show the form: keys that are pressed from now on go there."""
        self._load(self._draft)
        self._view.app.push_screen(self._form)

    async def run(self) -> None:
        """Save what the form returns until the user is saved or the form is left."""
        while (draft := await self._form.answer()) is not None:
            self._draft, self._shown = draft, draft.latest
            if await self._save():
                return

    # ------------------------------------------------------------ the form

    def _load(self, draft: UserDraft, message: str = "") -> None:
        self._draft = draft
        self._open_form.load(draft, message)

    async def _back(self, text: str, draft: UserDraft) -> bool:
        """Return to the form with its draft and a message; True if the user does not open it any more."""
        if not self._open_form.is_shown:
            if not await self._origin.wait_opened(f"{self._title} failed: the form is ready"):
                return True
            self._draft = draft
            self.open()
        self._form.show_problem(text, draft)
        return False

    @property
    def _title(self) -> str:
        base = self._draft.base
        if base is None:
            return f"Creating {clean(self._draft.raw('email'), MAX_SENTENCE)}"
        return f"Editing {name_of(base)}"

    # ------------------------------------------------------------ saving

    async def _save(self) -> bool:
        """Plan, run and verify the draft; True if the editor is done, False if the form is shown again."""
        draft = self._draft
        try:
            plan = await self._make_plan(draft)
        except EditConflict as conflict:
            return await self._resolve(conflict.user)
        except AlreadyExists as error:
            return await self._choose_existing(error.user)
        except NotFound:
            return await self._offer_new()
        except WalkmeError as error:
            return await self._back(f"Nothing was sent. {error}", draft)
        if self._has_news(plan):
            return await self._back("There is more to know before this is sent. F2 again saves it.", draft)
        if not plan.steps:
            self._close(f"{name_of(plan.subjects[0].user)} is like this already. Nothing was sent.")
            return True
        if self._form.for_review or self._view.job_tasks.why_not_run(plan):
            return await self._review(plan)
        return await self._send(plan)

    async def _send(self, plan: Plan) -> bool:
        try:
            result = await self._run(plan)
        except WalkmeError as error:
            self._view.job_tasks.note_refusal(error)
            return await self._back(str(error), self._draft)
        return await self._finish(result)

    async def _review(self, plan: Plan) -> bool:
        """Show the plan; True if it was run or saved, otherwise the form is shown again."""
        self._form.close()
        if (await review(self._view, self._origin, plan)).done:
            return True
        return await self._back("Nothing was sent.", self._draft)

    async def _make_plan(self, draft: UserDraft) -> Plan:
        planner = (await self._view.job_tasks.change_services()).edit_planner
        if draft.base is not None:
            return await planner.edit(draft.base, draft.values)
        return await planner.create(draft.raw("email"), draft.values, draft.joins)

    def _has_news(self, plan: Plan) -> bool:
        """True if the plan warns of something that the form did not show; it shows it from now on."""
        shown = {consequence.text for consequence in self._open_form.judge(self._draft)}
        self._open_form.plan = self._draft.values, plan
        found = plan.subjects[0].consequences if plan.subjects else ()
        return any(each.gravity is Gravity.WARNING and each.text not in shown for each in found)

    async def _run(self, plan: Plan) -> JobResult:
        view = self._view
        job = await (await view.job_tasks.change_services()).job_runs.submit(plan)
        running = await view.job_tasks.start(job.summary)
        with self._origin.moved_by_program():
            view.change_commands.read_jobs(job.id)
        while not running.task.done():
            # Not awaited directly: the job belongs to the session and continues if this screen is removed.
            await asyncio.wait([running.task], timeout=STATUS_SECONDS)
            if self._open_form.is_shown:
                self._form.show_saving(f"saving… {view.job_tasks.job_status(running)}")
        await view.job_tasks.wait_staying()
        view.change_commands.read_jobs()
        return running.task.result()

    async def _finish(self, result: JobResult) -> bool:
        """Close the form after a verified job; otherwise say what is wrong, where that is, and keep the draft."""
        job, view = result.job, self._view
        if result.receipt_problem is not None:
            report(view.app, result.receipt_problem, doing="Writing the receipt")
        if result.problem is None and job.clean and _conflict(job) is None:
            self._end(job)
            return True
        created = any(record.created is not None for record in job.steps)
        sent_without_answer = any(record.state is StepState.SENT or record.may_arrive for record in job.unsettled)
        if created or sent_without_answer:
            # The form cannot do it again: the receipt shows what is left and offers to resume.
            self._form.close()
            await show_receipt(view, self._origin, result)
            return True
        if result.problem is not None:
            await self._discard(job)
            return await self._back(str(result.problem), self._draft)
        return await self._explain(job)

    def _end(self, job: Job) -> None:
        """Close the form after a verified job; the cursor goes to a new user."""
        view = self._view
        view.unmark(job)
        undo = " z undoes it." if any(map(changed_something, job.steps)) else ""
        is_shown = self._open_form.is_shown
        self._close(f"{_done(job)} Verified.{self._merged(job)}{undo}")
        created = next((record.created for record in job.steps if record.created is not None), None)
        if created is not None:
            view.pages.refresh()
            if is_shown:
                view.navigation.show_user(created.id)

    async def _discard(self, job: Job) -> None:
        try:
            await (await self._view.job_tasks.change_services()).job_runs.discard(job.id)
        except WalkmeError as error:
            report(self._view.app, error, doing="Discarding the job")
        self._view.change_commands.read_jobs()

    async def _explain(self, job: Job) -> bool:
        """Return to the form after a step that failed or was left out."""
        draft, record = self._draft, next(each for each in job.steps if each.state is not StepState.DONE)
        reasons = {name: f"The server refused it: {reason}" for name, reason in record.refusals.items()}
        text = f"{record.detail[:1].upper()}{record.detail[1:].rstrip('.')}."
        try:
            if draft.base is None:
                if record.reason is OutcomeReason.EXISTS:
                    user = (await self._view.directory.look_up(draft.raw("email"))).user
                    return await self._choose_existing(user)
            else:
                user = (await self._view.directory.reread(draft.base.id)).user
                if record.reason is OutcomeReason.CONFLICT:
                    return await self._resolve(user)
                if record.after is not None:
                    reasons = {**_not_applied(draft, user), **reasons}
                draft = draft.overwriting(user)
        except NotFound:
            return await self._offer_new()
        except (ApiError, MirrorUnavailable) as error:
            text = f"{text} {error}"
        return await self._back(text, draft.refused(reasons))

    # ------------------------------------------------------------ questions

    async def _ask(self, title: str, text: Sequence[tuple[str, TextStyle]], answers: Sequence[AnswerKey]) -> str | None:
        dialog = QuestionDialog(
            title, text, answers, account=self._view.session.account, monotonic=self._view.job_tasks.monotonic
        )
        if not self._open_form.is_shown:
            return await self._origin.show(dialog, f"{self._title}: there is a question")
        return await self._view.app.push_screen_wait(dialog)

    async def _resolve(self, user: User) -> bool:
        """Ask for each field that others changed too which value to keep, then save what is left."""
        draft = self._draft.reread(user)
        for name in EDITED_FIELDS:
            theirs = draft.by_others(name)
            if theirs is UNKNOWN:
                continue
            label = EDITED_FIELDS[name]
            text = [
                (f"Others changed this field since the form was opened. {label}:", TextStyle.WARN),
                (f"theirs  {value_text(name, theirs)}", TextStyle.PLAIN),
                (f"mine    {value_text(name, draft.raw(name))}", TextStyle.PLAIN),
                (f"before  {value_text(name, draft.before(name))}", TextStyle.DIM),
            ]
            answers = [AnswerKey("m", "save mine"), AnswerKey("t", "keep theirs")]
            answer = await self._ask(f"{label} of {email_of(user)}", text, answers)
            if answer is None:
                others = others_changed(self._shown, user, self._draft)
                changed = f" Changed by others: {others}." if others else ""
                return await self._back(f"Nothing was sent.{changed}", self._draft.reread(user))
            if answer == "t":
                draft = draft.restored(name)
        self._draft = draft.overwriting(user)
        if not self._draft.is_changed:
            return await self._back("Nothing is left to save: others made these changes, or theirs stay.", self._draft)
        return await self._save()

    async def _choose_existing(self, user: User) -> bool:
        """The email of a new user exists: open that user, edit them with the draft, or correct the email."""
        email = email_of(user)
        who = ", ".join(dict.fromkeys((name_of(user), email)))
        text = [
            (f"{who} is in the account already. Nothing was sent.", TextStyle.WARN),
            ("Esc returns to the form, to correct the email.", TextStyle.DIM),
        ]
        answers = [AnswerKey("o", "open user"), AnswerKey("e", "edit with draft")]
        answer = await self._ask(f"{email} exists", text, answers)
        if answer == "o":
            self._close("")
            self._view.navigation.show_user(user.id)
            return True
        if answer == "e":
            if not self._open_form.is_shown:
                self.open()
            note = "An edit leaves the groups as they are; a changes them." if self._draft.joins else ""
            self._load(self._draft.overwriting(user), note)
            return False
        refused = {"email": f"{name_of(user)} has it already."}
        return await self._back("", self._draft.refused(refused))

    async def _offer_new(self) -> bool:
        """The user does not exist any more: offer a new one from the draft."""
        text = [
            (f"{GONE} Nothing was sent.", TextStyle.WARN),
            ("A new user would have a new id, and nothing of the old one's history.", TextStyle.DIM),
        ]
        if await self._ask("The user is gone", text, [AnswerKey("n", "a new user from this draft")]) is None:
            return await self._back(GONE, self._draft)
        if not self._open_form.is_shown:
            self.open()
        base, names = self._draft.base, self._view.group_names
        known = base.groups if base is not None and base.groups is not UNKNOWN else None
        joins = tuple(Group(group_id, names.get(group_id)) for group_id in known or ())
        self._load(self._draft.as_new(joins), "A new user from the draft, in the same groups. F2 creates them.")
        return False

    # ------------------------------------------------------------ the end

    def _close(self, text: str) -> None:
        if self._open_form.is_shown:
            self._form.close()
        if text:
            self._view.app.notify(text, markup=False, timeout=6)

    def _merged(self, job: Job) -> str:
        """Which other fields others changed while the form was open."""
        others = others_changed(self._shown, job.plan.subjects[0].user, self._draft)
        return f" Others changed meanwhile, and that stays: {others}." if self._draft.base and others else ""


def _conflict(job: Job) -> object:
    return next((record for record in job.steps if record.reason is OutcomeReason.CONFLICT), None)


def _done(job: Job) -> str:
    """``Zoë Çelik: role was Viewer, is Editor.``"""
    details = "; ".join(dict.fromkeys(record.detail for record in job.steps))
    return f"{name_of(job.plan.subjects[0].user)}: {clean(details, MAX_SENTENCE)}."


def _not_applied(draft: UserDraft, user: User) -> dict[str, str]:
    """For each edited field that the server accepted without effect, both values."""
    return {
        edit.attribute: f"The server accepted {value_text(edit.attribute, edit.after)}, and it still is "
        f"{value_text(edit.attribute, getattr(user, edit.attribute))}."
        for edit in draft.edits
        if (getattr(user, edit.attribute) or None) != edit.after
    }
