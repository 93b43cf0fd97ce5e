"""The base of the dialogs that edit something: buttons to save and to leave, and the question before edits are lost."""

import time
from collections.abc import Callable, Sequence

from textual import events, on
from textual.containers import Horizontal
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.ui.dialogs.confirmation import QUIET_SECONDS
from walkme_tui.ui.dialogs.dialog import QUIT, Dialog, Result
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.widgets.dialog_button import DialogButton
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle


class EditorDialog(Dialog[Result]):
    """A dialog with the buttons Cancel and Save; keys that were typed ahead do not press Save."""

    def __init__(
        self,
        title: StyledText = (),
        right: StyledText = (),
        account: Account | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(title, (), right)
        self.account = account
        self.monotonic = monotonic
        self.save_button = DialogButton("Save", id="save")
        self.cancel_button = DialogButton("Cancel", id="cancel")
        self._last_key_at = 0.0
        self.for_review = False
        """True if the plan of what was saved is to be shown, instead of sent at once."""

    @property
    def is_changed(self) -> bool:
        """True if leaving the dialog loses something."""
        raise NotImplementedError

    def go_to_next(self) -> None:
        """Give the focus to what follows."""
        raise NotImplementedError

    def discard(self) -> None:
        """Leave without saving."""
        if self.is_current:
            self.dismiss(None)

    def footer(self) -> Sequence[Widget]:
        """The buttons and the keys."""
        return [Horizontal(self.cancel_button, self.save_button, TextBar(id="footer"), id="bottom")]

    def write_keys(self, pairs: Sequence[tuple[str, str]], status: str = "") -> None:
        """Write keys beside the buttons, each with a word, and a status after them."""
        pieces: list[StyledSpan] = []
        for key, word in pairs:
            pieces += [(f"  {key}", TextStyle.ACCENT), (f" {word}", TextStyle.DIM)]
        if status:
            pieces.append((f"  {status}", TextStyle.ACCENT))
        self.fill_footer(pieces)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key; the one that quits asks first if something would be lost."""
        if event.key == QUIT and self.is_changed:
            self.leave()
            return True
        taken = super().process_key(event)
        self._last_key_at = self.monotonic()
        return taken

    def press(self) -> None:
        """Press the button that has the focus, Save only after a rest; go to the next field elsewhere."""
        if self.focused is self.cancel_button:
            self.leave()
        elif self.focused is not self.save_button:
            self.go_to_next()
        elif self.monotonic() - self._last_key_at >= QUIET_SECONDS:
            self.save_now()

    @on(DialogButton.Pressed)
    def press_clicked(self, event: DialogButton.Pressed) -> None:
        """Save or leave."""
        if event.control is self.save_button:
            self.save_now()
        else:
            self.leave()

    def save_now(self) -> None:
        """Save, to send it."""
        self.for_review = False
        self.save()

    def save_for_review(self) -> None:
        """Save, to show the plan."""
        self.for_review = True
        self.save()

    def save(self) -> None:
        """Return the result."""
        raise NotImplementedError

    def ask_before_discarding(self, *sentences: str, answer: str) -> None:
        """Ask whether to lose what was entered; the first of ``sentences`` says what that is."""
        question = QuestionDialog(
            "Leave without saving?",
            [(text, TextStyle.DIM if index else TextStyle.PLAIN) for index, text in enumerate(sentences)],
            [AnswerKey("d", answer)],
            account=self.account,
            monotonic=self.monotonic,
        )
        self.app.push_screen(question, lambda chosen: self.discard() if chosen is not None else None)
