"""Reports expected failures to the user; the status line shows those of the lists."""

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
    """Show a toast that says what failed, why, and what to do.

    ``doing`` is what failed ("Reading zoe@example.com again"). The message includes the request id.
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
