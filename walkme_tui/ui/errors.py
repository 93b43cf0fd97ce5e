"""Where every expected failure of a verb is told; the lists' own failures stand in the status line."""

from textual.app import App

from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    MirrorUnavailable,
    NotFound,
    PermissionRefused,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)
from walkme_tui.domain.text import clean

MAX_MESSAGE = 400


def report(app: App[int], error: WalkmeError, *, doing: str) -> None:
    """Tell the person that ``doing`` failed: a toast that says what happened and what to do.

    ``doing`` is the beginning of a sentence ("Reading zoe@example.com again"). What needs an id of the call to be
    followed up names it.
    """
    sentences = [clean(error.message, MAX_MESSAGE), clean(error.hint, MAX_MESSAGE)]
    if isinstance(error, SignInRefused):
        sentences.append("R reads the secret again.")
    if isinstance(error, PermissionRefused) and error.scope:
        sentences.append(f"The scope {clean(error.scope, 60)} is missing.")
    if isinstance(error, ApiError) and error.request_id:
        sentences.append(f"Request id {clean(error.request_id, 100)}.")
    text = " ".join(sentence for sentence in sentences if sentence)
    mild = isinstance(error, (NotFound, Conflict, ServiceUnavailable, MirrorUnavailable))
    app.notify(text, title=f"{doing} failed", severity="warning" if mild else "error", markup=False, timeout=10)
