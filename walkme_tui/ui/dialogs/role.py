"""The dialog that asks for a role that the account does not have yet."""

from collections.abc import Callable, Collection

from walkme_tui.domain.text import clean
from walkme_tui.ui.dialogs.field_value import FieldValueDialog
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.widgets.text_style import TextStyle

NOTE = "The role decides what a person may do in the Console. Upper and lower case count."
MAX_ROLE = 80


class RoleDialog(FieldValueDialog):
    """Returns a role; one that is not among ``roles`` is asked about first."""

    def __init__(self, roles: Collection[str], monotonic: Callable[[], float]) -> None:
        super().__init__("Another role", "role", NOTE, "use it")
        self._roles = roles
        self._monotonic = monotonic

    def take(self) -> None:
        """Return the role, after a question where no loaded user has it."""
        role = self.input.text.strip()
        if role in self._roles:
            self.dismiss(role)
        elif role:
            shown = clean(role, MAX_ROLE)
            question = QuestionDialog(
                f"Use the role {shown}?",
                [
                    (f"No loaded user has the role {shown}.", TextStyle.WARN),
                    (f"{_similar(role, self._roles)}The server decides whether it knows the role.", TextStyle.PLAIN),
                ],
                [AnswerKey("u", "use it")],
                monotonic=self._monotonic,
            )

            def use(answer: str | None) -> None:
                if answer is not None:
                    self.dismiss(role)

            self.app.push_screen(question, use)


def _similar(role: str, roles: Collection[str]) -> str:
    same = [other for other in roles if other.casefold() == role.casefold()]
    return f"There is {clean(same[0], MAX_ROLE)}. " if same else ""
