"""The list of users who changed since the program started."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import FIELD_LABELS, User
from walkme_tui.services.sync.news import News, NewsCount
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.choice import Choice, SearchDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.widgets.text_style import TextStyle

if TYPE_CHECKING:
    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.flows.origin import Origin

FORGET: Final = "forget"
GONE: Final = "gone:"
MAX_LISTED: Final = 500


def news_words(count: NewsCount) -> str:
    """``since 10:42: 3 new, 1 gone, 7 changed``, without zeros."""
    parts = ((count.new, "new"), (count.gone, "gone"), (count.changed, "changed"))
    changes = ", ".join(f"{words.number(number)} {what}" for number, what in parts if number)
    return f"since {words.clock_time(count.since_ms)[:5]}: {changes or 'nothing changed'}"


async def show_news(view: "FlowContext", origin: "Origin", news: News) -> None:
    """List the new, gone and changed users; choosing one goes to their row."""
    count = news.count
    if not count.any:
        view.app.notify(f"{news_words(count).capitalize()}.", markup=False, timeout=4)
        return
    try:
        choices = [*await _present(view, news), *_gone(news), Choice(FORGET, "Clear this list")]
    except MirrorUnavailable as error:
        report(view.app, error, doing="Reading the changed users")
        return
    unlisted = count.new + count.changed + count.gone + 1 - len(choices)
    more = f" (the first {words.number(MAX_LISTED)} are listed)" if unlisted > 0 else ""
    dialog = SearchDialog(f"{news_words(count).capitalize()}{more}", choices)
    chosen = await origin.show(dialog, "The list of what changed is ready")
    if chosen == FORGET:
        news.forget()
    elif chosen is not None and not chosen.startswith(GONE):
        view.navigation.show_user(chosen)


async def _present(view: "FlowContext", news: News) -> Sequence[Choice]:
    choices: list[Choice] = []
    updated = news.updated
    for user_id in [*news.new, *updated][:MAX_LISTED]:
        known = await view.session.mirror.user(user_id)
        label = _label(known.user) if known is not None else clean(user_id, 60)
        if user_id in updated:
            choices.append(Choice(user_id, label, _fields(updated[user_id])))
        else:
            choices.append(Choice(user_id, label, "new", TextStyle.GOOD))
    return choices


def _gone(news: News) -> Sequence[Choice]:
    gone = list(news.gone.items())[:MAX_LISTED]
    return [Choice(f"{GONE}{user_id}", _label(was), "gone", TextStyle.WARN) for user_id, was in gone]


def _label(user: User) -> str:
    email = user.email if isinstance(user.email, str) else ""
    return clean("   ".join(part for part in (user.full_name, email) if part) or user.id, 100)


def _fields(fields: frozenset[str]) -> str:
    """The names of the changed fields; the update time only if no other field changed."""
    labels = [label for name, label in FIELD_LABELS.items() if name in fields]
    return ", ".join([label for label in labels if label != "updated"] or labels or ["other fields"])
