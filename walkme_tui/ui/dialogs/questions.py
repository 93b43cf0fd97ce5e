"""Short questions: every answer has a key of its own, Enter dismisses the dialog."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.ui.dialogs.confirmation import FRAME, ConfirmationDialog, account_mark, inner_width
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """An answer: ``key`` is its Textual key name, which is also shown, ``word`` the word beside it."""

    key: str
    word: str


class QuestionDialog(ConfirmationDialog[str]):
    """Returns the key that was pressed; ``text`` are clean sentences, each with its style."""

    def __init__(
        self,
        title: str,
        text: Sequence[tuple[str, TextStyle]],
        answers: Sequence[AnswerKey],
        *,
        account: Account | None = None,
        monotonic: Callable[[], float],
    ) -> None:
        right = account_mark(account) if account is not None else ()
        super().__init__([(title, TextStyle.STRONG)], right, monotonic)
        self._text = text
        self._answers = answers
        self._question = ScrollingText(id="question")

    def body(self) -> Sequence[Widget]:
        """The sentences."""
        return [self._question]

    def fill(self) -> None:
        """Write before the first layout, which would otherwise not have room for the sentences."""
        self._write()
        super().fill()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap the sentences again."""
        self._write()

    def _write(self) -> None:
        width = inner_width(self.app.size.width, FRAME)
        self._question.set_lines([line for sentence, style in self._text for line in wrapped(sentence, width, style)])

    def hints(self) -> Sequence[tuple[str, str]]:
        """The answers."""
        return [(answer.key, answer.word) for answer in self._answers]

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """The answers."""
        return {answer.key: partial(self.dismiss, answer.key) for answer in self._answers}
